import { duration } from '@/components/time'
import type { Message } from '@/timeline/model'
import { useTurn } from '../session-context'
import { Disclosure } from './disclosure'

const SHORT = 600

export function ReasoningRow({ message, turnId }: { message: Message; turnId: string | null }) {
  const turn = useTurn(turnId)
  const growing = turn?.status === 'running' && turn.items.at(-1) === message.id
  const took = message.endedAt - message.at
  const word = growing ? 'Thinking' : took >= SHORT ? `Thought for ${duration(took)}` : 'Thought'
  const summary = (
    <>
      <span className="shrink-0 text-dim">{word}</span>
      <span className="truncate text-dim italic">— {lastClause(message.text)}</span>
    </>
  )
  return (
    <div className="py-0.5">
      <Disclosure edge={growing ? 'run' : 'none'} summary={summary}>
        <p className="text-talk break-words whitespace-pre-wrap text-dim">{message.text}</p>
      </Disclosure>
    </div>
  )
}

function lastClause(text: string): string {
  const line = text.trimEnd().split('\n').at(-1) ?? ''
  return line.replaceAll(/[*_`#]/g, '').split(/(?<=[.!?])\s+/).at(-1) ?? line
}
