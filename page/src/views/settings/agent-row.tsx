import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AgentTile } from '@/agents/agent-tile'
import { call, http } from '@/api/client'
import { agentsQuery } from '@/api/queries'
import type { AgentInfo } from '@/api/types'
import { toastError } from '@/app/toasts'
import { Chip } from '@/components/chip'
import { Fold } from '@/components/fold'
import { Switch } from '@/components/switch'

/** An agent that was found. */
export function AgentRow({ agent, offline }: { agent: AgentInfo; offline: boolean }) {
  const client = useQueryClient()
  const enable = useMutation({
    mutationFn: (enabled: boolean) => call(http.PATCH('/api/agents/{name}', { params: { path: { name: agent.name } }, body: { enabled } })),
    onSuccess: (changed) => client.setQueryData(agentsQuery.queryKey, (known) => known?.map((one) => (one.name === changed.name ? { ...one, enabled: changed.enabled } : one))),
    onError: toastError,
  })
  const enabled = enable.isPending ? enable.variables : agent.enabled
  return (
    <li className="flex items-start gap-3 px-3 py-2.5">
      <span className="mt-1"><AgentTile name={agent.name} /></span>
      <div className="min-w-0 grow space-y-1.5">
        <p className="flex min-h-6 flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{agent.label}</span>
          {agent.version && <span className="tabular text-dim">{agent.version}</span>}
          <State agent={agent} enabled={enabled} />
        </p>
        {agent.diagnostic && <p className="text-dim">{agent.diagnostic}</p>}
        <Offers agent={agent} />
      </div>
      <span className="touch grid min-h-6 place-items-center">
        <Switch label={`${agent.label} may be used`} checked={enabled} disabled={offline || enable.isPending} onChange={(checked) => enable.mutate(checked)} />
      </span>
    </li>
  )
}

function State({ agent, enabled }: { agent: AgentInfo; enabled: boolean }) {
  if (!enabled) return <Chip>off</Chip>
  return agent.diagnostic === null ? <Chip tone="ok">ready</Chip> : <Chip tone="need">needs attention</Chip>
}

/** What it can be told to use. Long lists stay folded. */
function Offers({ agent }: { agent: AgentInfo }) {
  const { models, modes, commands } = agent
  const parts = [counted(models.length, 'model'), counted(modes.length, 'mode'), counted(commands.length, 'command')].filter((part) => part !== '')
  if (parts.length === 0) return null
  return (
    <Fold summary={parts.join(' · ')}>
      <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        <Names name="Models" list={models.map((model) => model.name || model.id)} />
        <Names name="Modes" list={modes.map((mode) => mode.name || mode.id)} />
        <Names name="Commands" list={commands.map((command) => `/${command.name}`)} />
      </dl>
    </Fold>
  )
}

function Names({ name, list }: { name: string; list: readonly string[] }) {
  if (list.length === 0) return null
  return (
    <>
      <dt>{name}</dt>
      <dd className="min-w-0 break-words text-fg">{list.join(', ')}</dd>
    </>
  )
}

function counted(many: number, what: string): string {
  if (many === 0) return ''
  return `${many} ${what}${many === 1 ? '' : 's'}`
}
