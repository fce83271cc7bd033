import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import type { AgentInfo } from '@/api/types'
import { toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { usable } from './wish'

/** The way to see a turn without an account: one click. Switches the demo agent on where it is off. */
export function DemoOffer({ agents, chosen, busy, onDemo }: { agents: readonly AgentInfo[]; chosen: string | null; busy: boolean; onDemo: () => void }) {
  const client = useQueryClient()
  const demo = agents.find((agent) => agent.name === 'demo' && agent.installed)
  const enable = useMutation({
    mutationFn: () => call(http.PATCH('/api/agents/{name}', { params: { path: { name: 'demo' } }, body: { enabled: true } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.agents })
      onDemo()
    },
    onError: toastError,
  })
  if (demo === undefined) return null
  const label = chosen === 'demo' ? 'Show me a demo turn' : 'Try it with the demo agent'
  return <Button look="quiet" disabled={busy || enable.isPending} className="h-9" onClick={() => (usable(demo) ? onDemo() : enable.mutate())}>{label}</Button>
}
