import { useState } from 'react'
import { AgentTile } from '@/agents/agent-tile'
import { timeOfDay } from '@/components/time'
import type { Turn } from '@/timeline/model'
import { useTurn } from '../session-context'
import { usePrompt } from '../use-prompt'
import { ContinuityChip } from './continuity-chip'

const LONG = 1200

export function PromptRow({ turnId }: { turnId: string }) {
  const turn = useTurn(turnId)
  const prompt = usePrompt(turn)
  if (turn === undefined) return null
  return (
    <section aria-label={`Turn ${turn.number}`} className="pt-5 pb-3">
      <p className="pb-3 text-center text-meta text-dim">{headline(turn)}</p>
      {prompt !== null && <Prompt text={prompt} />}
      <p className="mt-4 flex items-center gap-2">
        {turn.agent && <AgentTile name={turn.agent} named />}
        {turn.ready && <ContinuityChip ready={turn.ready} />}
      </p>
    </section>
  )
}

function headline(turn: Turn): string {
  const parts = [`Turn ${turn.number}`, turn.agent, turn.model, turn.startedAt && `started ${timeOfDay(turn.startedAt)}`]
  return parts.filter(Boolean).join(' · ')
}

function Prompt({ text }: { text: string }) {
  const [open, setOpen] = useState(text.length <= LONG)
  return (
    <div className="ml-auto w-fit max-w-[85%] rounded-composer rounded-br-sm border border-line bg-panel px-3.5 py-2.5 text-talk dark:bg-raise">
      <p className="break-words whitespace-pre-wrap">{open ? text : `${text.slice(0, LONG)}…`}</p>
      {!open && <button type="button" className="mt-1 cursor-pointer text-meta text-brand underline" onClick={() => setOpen(true)}>Show all of it</button>}
    </div>
  )
}
