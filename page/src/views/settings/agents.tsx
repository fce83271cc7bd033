import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { call, http } from '@/api/client'
import { explain } from '@/api/error'
import { keys } from '@/api/keys'
import { agentsQuery } from '@/api/queries'
import { announce } from '@/app/announcer'
import { useLine } from '@/app/reconnect-bar'
import { toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { Notice } from '@/components/notice'
import { Ring } from '@/components/ring'
import { Section } from '@/components/section'
import { Skeleton } from '@/components/skeleton'
import { clock, useNow } from '@/components/time'
import { AgentRow } from './agent-row'
import { MissingAgent } from './missing-agent'

const SECOND = 1000

export function Agents() {
  const agents = useQuery(agentsQuery)
  const offline = useLine().state === 'lost'
  const installed = agents.data?.filter((agent) => agent.installed) ?? []
  const missing = agents.data?.filter((agent) => !agent.installed) ?? []
  return (
    <Section
      id="agents" title="Agents" about="What was found on the machine where Roundhouse runs. Others are added in agents.toml in its data folder."
      actions={<Refresh offline={offline} />}
    >
      {agents.isPending && <Skeleton rows={5} label="Loading the agents" />}
      {agents.isError && <Notice tone="fail" title="The agents could not be read" actions={<Button onClick={() => void agents.refetch()}>Try again</Button>}>{explain(agents.error)}</Notice>}
      {agents.data?.length === 0 && <p className="rounded-card border border-line bg-raise px-3 py-4 text-dim">No agent is known yet. A runner looks for them when it starts; “Look again” asks it to.</p>}
      {installed.length > 0 && (
        <ul aria-label="Installed" className="divide-y divide-line rounded-card border border-line bg-raise">
          {installed.map((agent) => <AgentRow key={`${agent.name} ${agent.node_id}`} agent={agent} offline={offline} />)}
        </ul>
      )}
      {missing.length > 0 && (
        <>
          <h3 className="mt-4 mb-1.5 font-medium text-dim">Not installed</h3>
          <ul aria-label="Not installed" className="divide-y divide-line rounded-card border border-line bg-raise">
            {missing.map((agent) => <MissingAgent key={`${agent.name} ${agent.node_id}`} agent={agent} />)}
          </ul>
        </>
      )}
    </Section>
  )
}

/** Starting each agent once takes a while: the time shows that it goes on. */
function Refresh({ offline }: { offline: boolean }) {
  const client = useQueryClient()
  const refresh = useMutation({
    mutationFn: () => call(http.POST('/api/agents/refresh')),
    onMutate: () => announce('Looking at the agents'),
    onSuccess: (found) => announce(`${found.agents} agents were looked at`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.agents }),
  })
  const now = useNow(SECOND, refresh.isPending)
  return (
    <Button disabled={offline || refresh.isPending} onClick={() => refresh.mutate()}>
      {refresh.isPending ? <Ring /> : <RefreshCw size={14} aria-hidden />}
      {refresh.isPending ? <span className="tabular">Looking… {clock(now - refresh.submittedAt)}</span> : 'Look again'}
    </Button>
  )
}
