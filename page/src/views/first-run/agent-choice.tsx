import { AgentTile } from '@/agents/agent-tile'
import type { AgentInfo } from '@/api/types'
import { CopyButton } from '@/components/copy-button'
import { Fold } from '@/components/fold'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { usable } from './wish'

/** The agents that were found, with how they are; and how the others are installed. */
export function AgentChoice({ agents, chosen, onChoose }: { agents: readonly AgentInfo[]; chosen: string | null; onChoose: (name: string) => void }) {
  const found = agents.filter((agent) => agent.installed)
  const missing = agents.filter((agent) => !agent.installed && agent.install_hint !== '')
  if (agents.length === 0) return <Skeleton rows={2} label="Looking for agents" />
  return (
    <div>
      <fieldset>
        <legend className="mb-1 font-medium">Agent</legend>
        <div className="divide-y divide-line rounded-card border border-line bg-raise">
          {found.map((agent) => <Choice key={agent.name} agent={agent} chosen={agent.name === chosen} onChoose={onChoose} />)}
        </div>
        {!found.some(usable) && <Notice tone="need" title="No agent can be used">Install one with a line from below, or switch the demo agent on. This page finds it by itself.</Notice>}
      </fieldset>
      {missing.length > 0 && (
        <div className="mt-2">
          <Fold summary={`${missing.length} more that can be installed`}>
            <dl className="mt-2 divide-y divide-line rounded-card border border-line">
              {missing.map((agent) => (
                <div key={agent.name} className="flex items-center gap-3 py-1 pr-1 pl-3 max-sm:flex-wrap max-sm:gap-y-0">
                  <dt className="w-36 shrink-0 text-fg">{agent.label}</dt>
                  <dd className="flex min-w-0 grow items-center justify-between gap-2">
                    <code className="font-mono text-code break-all">{agent.install_hint}</code>
                    <CopyButton text={agent.install_hint} label={`Copy the command that installs ${agent.label}`} />
                  </dd>
                </div>
              ))}
            </dl>
          </Fold>
        </div>
      )}
    </div>
  )
}

function Choice({ agent, chosen, onChoose }: { agent: AgentInfo; chosen: boolean; onChoose: (name: string) => void }) {
  return (
    <label className={`relative flex min-h-10 items-center gap-2.5 px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-brand ${usable(agent) ? 'cursor-pointer' : 'text-dim'}`}>
      <input type="radio" name="agent" value={agent.name} checked={chosen} disabled={!usable(agent)} onChange={() => onChoose(agent.name)} className="size-4 shrink-0 accent-brand" />
      <AgentTile name={agent.name} />
      <span className="min-w-0 grow">
        <span className="flex flex-wrap gap-x-2"><span className={chosen ? 'font-semibold' : ''}>{agent.label}</span><span className="tabular text-dim">{stateOf(agent)}</span></span>
        {agent.diagnostic !== null && <span className="block text-dim">{agent.diagnostic}</span>}
      </span>
    </label>
  )
}

function stateOf(agent: AgentInfo): string {
  if (!agent.enabled) return 'off'
  if (agent.name === 'demo') return 'scripted: no account, no model, no cost'
  return agent.version ?? 'found'
}
