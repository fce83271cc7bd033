import { Link } from '@/app/routing'
import type { Session } from '@/api/types'
import { AgentTile } from '@/agents/agent-tile'
import { Lines } from '@/components/lines'
import { newsOf, signalOf } from './signal'
import { SignalMark } from './signal-mark'

const NEWS = { waiting: 'text-need', failed: 'text-fail' } as Partial<Record<string, string>>
const TILES_SHOWN = 3

export function SessionRow({ session, now }: { session: Session; now: number }) {
  const signal = signalOf(session)
  const bold = session.status === 'waiting' || session.status === 'unread' || session.status === 'failed'
  return (
    <Link
      to="/sessions/$sessionId"
      params={{ sessionId: session.id }}
      className="group flex min-h-11 items-start gap-2 rounded-control border-l-2 border-transparent py-1.5 pr-2 pl-1.5 hover:bg-raise/70 data-[status=active]:border-brand data-[status=active]:bg-raise"
    >
      <span className="pt-0.5"><SignalMark signal={signal} /></span>
      <span className="min-w-0 grow">
        <span className={`block truncate ${bold ? 'font-semibold' : ''}`}>{session.title}</span>
        <span className={`block truncate text-meta ${NEWS[session.status] ?? 'text-dim'}`}>{newsOf(session, now)}</span>
      </span>
      <span className="flex shrink-0 flex-col items-end gap-0.5">
        <span className="flex gap-0.5">
          {session.agents.slice(0, TILES_SHOWN).map((agent) => <AgentTile key={agent} name={agent} />)}
        </span>
        <span className="text-meta text-dim">
          {session.queued > 0 ? `${session.queued} queued` : <Lines additions={session.additions} deletions={session.deletions} />}
        </span>
      </span>
    </Link>
  )
}
