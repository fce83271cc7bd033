import { Notice } from '@/components/notice'
import type { Turn } from '@/timeline/model'
import { remedyOf } from './failure'
import { Output } from './output'
import { TurnActions } from './turn-actions'

export function Failure({ turn }: { turn: Turn }) {
  const title = turn.status === 'lost' ? 'This turn was lost: the machine that ran it went away' : firstLine(turn.error ?? 'The turn failed')
  const raw = turn.error !== null && turn.error !== title ? turn.error : null
  return (
    <Notice tone="fail" title={title} actions={<TurnActions turn={turn} />}>
      <p>{remedyOf(turn)}</p>
      {raw !== null && (
        <details className="mt-2">
          <summary className="touch cursor-pointer">What was said exactly</summary>
          <div className="mt-1.5"><Output text={raw} /></div>
        </details>
      )}
    </Notice>
  )
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? text
}
