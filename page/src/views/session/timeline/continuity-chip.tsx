import { Chip } from '@/components/chip'
import { duration } from '@/components/time'
import type { Ready } from '@/timeline/model'

const WORDS = {
  continued: ['warm', 'The same live process goes on.'],
  resumed: ['resumed', 'A new process, which loaded the agent’s own memory.'],
  rebuilt: ['rebuilt', 'A new conversation, which was told the history by Roundhouse.'],
  fresh: ['fresh', 'A new conversation: the agent knows nothing from before.'],
} as const

/** What the agent remembers at the start of the turn, and how long it took to be there. Never more than is true. */
export function ContinuityChip({ ready }: { ready: Ready }) {
  const [word, about] = WORDS[ready.continuity]
  const lost = ready.continuity === 'rebuilt' || ready.continuity === 'fresh'
  return (
    <>
      <Chip tone={ready.continuity === 'rebuilt' ? 'need' : 'plain'} title={ready.reason ? `${about} ${ready.reason}` : about}>
        {word}<span className="tabular">· {duration(ready.ms)}</span>
      </Chip>
      <span className="sr-only">{about}</span>
      {lost && ready.reason && <span className="min-w-0 truncate text-meta text-dim" title={ready.reason}>{ready.reason}</span>}
    </>
  )
}
