import type { Ask } from '@/timeline/model'
import { signal } from '@/rail/signal'
import { SignalMark } from '@/rail/signal-mark'

/** Where a question was asked. It is answered in the dock, which does not scroll away. */
export function AskRow({ ask }: { ask: Ask }) {
  return (
    <p className="flex min-h-7 items-center gap-2 py-0.5 text-dim">
      {ask.status === 'pending' ? <SignalMark signal={signal('waiting')} /> : <span aria-hidden className="w-4 text-center">◇</span>}
      <span className="truncate">{ask.title}</span>
      <span className="ml-auto shrink-0 text-meta">{outcome(ask)}</span>
    </p>
  )
}

function outcome(ask: Ask): string {
  if (ask.status === 'pending') return 'waiting for you'
  if (ask.status === 'expired') return 'nobody answered in time'
  if (ask.status === 'withdrawn') return 'the agent took it back'
  const by = ask.answeredBy && ask.answeredBy !== 'person' ? ` by ${ask.answeredBy}` : ''
  if (ask.answer?.answers) return `answered ${ask.answer.answers.flat().join(', ')}${by}`
  const option = ask.options.find((found) => found.id === ask.answer?.option_id)
  return `${option?.label ?? 'answered'}${by}`
}
