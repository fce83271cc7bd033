import { Suspense, lazy } from 'react'
import type { Message } from '@/timeline/model'
import { useTurn } from '../session-context'

// Asked for at once, but not waited for: the conversation shows, its text plain, before the formatter is here.
const formatter = import('@/markdown/markdown')
const Markdown = lazy(() => formatter.then((found) => ({ default: found.Markdown })))

export function TextRow({ message, turnId }: { message: Message; turnId: string | null }) {
  const turn = useTurn(turnId)
  const growing = turn?.status === 'running' && turn.items.at(-1) === message.id
  return (
    <div className="py-1.5">
      <Suspense fallback={<p className="text-talk break-words whitespace-pre-wrap">{message.text}</p>}>
        <Markdown text={message.text} growing={growing} />
      </Suspense>
    </div>
  )
}
