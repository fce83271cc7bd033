import { AgentTile } from '@/agents/agent-tile'
import type { AgentInfo } from '@/api/types'
import { CopyButton } from '@/components/copy-button'

/** An agent that is not there, and how it comes there. */
export function MissingAgent({ agent }: { agent: AgentInfo }) {
  return (
    <li className="flex min-h-10 flex-wrap items-center gap-x-3 py-1 pr-1.5 pl-3 max-sm:py-2">
      <AgentTile name={agent.name} />
      <span className="w-36 font-medium">{agent.label}</span>
      {agent.install_hint === '' ? <span className="text-dim">{agent.diagnostic}</span> : (
        <span className="flex min-w-0 grow basis-72 items-center gap-1">
          <code className="min-w-0 grow font-mono text-code break-all">{agent.install_hint}</code>
          <CopyButton text={agent.install_hint} label={`Copy the command that installs ${agent.label}`} />
        </span>
      )}
    </li>
  )
}
