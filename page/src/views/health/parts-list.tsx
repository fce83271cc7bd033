import { Link } from '@/app/routing'
import { Check, CircleDashed, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { AgentInfo, Health, NodeHealth } from '@/api/types'
import { buttonClass } from '@/components/button'
import { bytes } from '@/components/time'

/** Is everything there that turns need? */
export function PartsList({ health, agents }: { health: Health; agents: readonly AgentInfo[] | undefined }) {
  const usable = agents?.filter((agent) => agent.installed && agent.enabled && agent.diagnostic === null) ?? []
  return (
    <ul className="divide-y divide-line rounded-card border border-line bg-raise">
      <Part name="Server" state="ok" word={health.version} />
      <Part name="Database" state={health.database === 'ok' ? 'ok' : 'bad'} word={health.database === 'ok' ? `reached, ${health.pool.size} connections` : 'not reached'}>
        {health.database === 'down' && 'Turns go on and are written down when it is back. Its log is in the logs folder of the data folder.'}
      </Part>
      {health.nodes.length === 0 && health.database === 'ok' && <Part name="Runner" state="bad" word="none">Nothing can run. Start “roundhouse up”.</Part>}
      {health.nodes.map((node) => (
        <Part key={node.id} name={`Runner ${node.name}`} state={stateOf(node)} word={wordOf(node)}>{remedyOf(node)}</Part>
      ))}
      {agents && (
        <Part name="Agents" state={usable.length > 0 ? 'ok' : 'bad'} word={`${usable.length} of ${agents.length} usable`} action={<Link to="/settings" hash="agents" className={buttonClass('quiet')}>Settings</Link>}>
          {usable.length > 0 ? usable.map((agent) => agent.label).join(', ') : 'No turn can run. Settings show how agents are installed.'}
        </Part>
      )}
    </ul>
  )
}

type State = 'ok' | 'resting' | 'bad'

const MARKS: Record<State, { icon: ReactNode; said: string }> = {
  ok: { icon: <Check size={14} aria-hidden className="text-ok" />, said: 'fine:' },
  resting: { icon: <CircleDashed size={14} aria-hidden className="text-need" />, said: 'not in use:' },
  bad: { icon: <X size={14} aria-hidden className="text-fail" />, said: 'wrong:' },
}

function Part({ name, state, word, action, children }: { name: string; state: State; word: string; action?: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex min-h-10 items-start gap-2.5 px-3 py-2.5">
      <span className="mt-0.5 shrink-0">{MARKS[state].icon}</span>
      <span className="min-w-0 grow">
        <span className="flex flex-wrap gap-x-2">
          <span className="sr-only">{MARKS[state].said}</span>
          <span className="font-medium break-all">{name}</span>
          <span className={`tabular ${state === 'bad' ? 'text-fail' : 'text-dim'}`}>{word}</span>
        </span>
        {children && <span className="block text-dim">{children}</span>}
      </span>
      {action}
    </li>
  )
}

function stateOf(node: NodeHealth): State {
  if (!node.alive) return 'bad'
  return node.draining ? 'resting' : 'ok'
}

function wordOf(node: NodeHealth): string {
  if (!node.alive) return 'away'
  const running = `${node.running} running, ${node.warm} warm, ${bytes(node.rss_bytes)}`
  return node.draining ? `taking no new turns; ${running}` : running
}

function remedyOf(node: NodeHealth): string | null {
  if (!node.alive) return 'It gives no sign of life. Its sessions wait until it is started again.'
  return node.draining ? 'It ends what runs and then stops.' : null
}
