import { Suspense, lazy } from 'react'
import { Lines } from '@/components/lines'
import { Ring } from '@/components/ring'
import { clock, count, duration, useNow } from '@/components/time'
import type { Turn } from '@/timeline/model'
import { useSession, useTurn } from '../session-context'

const Failure = lazy(() => import('./rare-rows').then((found) => ({ default: found.Failure })))

const SECOND = 1000

export function FooterRow({ turnId }: { turnId: string }) {
  const turn = useTurn(turnId)
  if (turn === undefined) return null
  if (turn.status === 'running') return <Quiet turn={turn} />
  return (
    <div className="space-y-2 pt-1 pb-4">
      {(turn.status === 'lost' || (turn.status === 'failed' && turn.failureCode !== 'agent_crashed')) && <Suspense><Failure turn={turn} /></Suspense>}
      <p className="tabular flex flex-wrap items-center gap-x-3 gap-y-1 text-meta text-dim">
        <span>{turn.status}{turn.ms !== null && ` in ${duration(turn.ms)}`}</span>
        {turn.changes && turn.changes.length > 0 && (
          <span className="flex items-center gap-1.5">
            {turn.changes.length === 1 ? '1 file' : `${turn.changes.length} files`}
            <Lines additions={sum(turn.changes, 'additions')} deletions={sum(turn.changes, 'deletions')} />
          </span>
        )}
        {turn.usage?.tokens_in != null && <span>{count(turn.usage.tokens_in)} in, {count(turn.usage.tokens_out ?? 0)} out</span>}
        {turn.usage?.cost_usd != null && <span>${turn.usage.cost_usd.toFixed(2)}</span>}
      </p>
    </div>
  )
}

/** Why it is quiet. */
function Quiet({ turn }: { turn: Turn }) {
  const { activity } = useSession()
  const now = useNow(SECOND)
  return (
    <p className="flex items-center gap-2 pt-2 pb-4 text-meta text-dim">
      <Ring />
      <span className="truncate" title={turn.activity ?? activity ?? undefined}>{turn.activity ?? activity ?? (turn.ready ? 'working' : 'starting')}</span>
      <span className="tabular">{clock(now - (turn.startedAt ?? now))}</span>
    </p>
  )
}

function sum(files: NonNullable<Turn['changes']>, field: 'additions' | 'deletions'): number {
  return files.reduce((total, file) => total + (file[field] ?? 0), 0)
}
