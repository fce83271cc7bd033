import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useLine } from '@/app/reconnect-bar'
import { IconButton } from '@/components/button'
import { clock, useNow } from '@/components/time'
import { signal } from '@/rail/signal'
import { SignalMark } from '@/rail/signal-mark'
import type { Ask } from '@/timeline/model'
import { useSession, useSessionState } from '../session-context'
import { AskDetail } from './ask-detail'
import { AskOptions } from './ask-options'
import { headline } from './asked'
import { QuestionForm } from './question-form'

const SECOND = 1000

/** What an agent waits for, above the composer: it never scrolls away. One at a time. */
export function PermissionDock() {
  const { asks } = useSessionState()
  const [at, setAt] = useState(0)
  const index = Math.min(at, asks.length - 1)
  const ask = asks[index]
  useEffect(() => {
    if (asks.length === 0) setAt(0)
  }, [asks.length])
  if (ask === undefined) return null
  return <AskCard key={ask.id} ask={ask} place={asks.length > 1 ? { index, count: asks.length, go: setAt } : null} />
}

interface Place {
  readonly index: number
  readonly count: number
  readonly go: (index: number) => void
}

function AskCard({ ask, place }: { ask: Ask; place: Place | null }) {
  const now = useNow(SECOND)
  const line = useLine()
  const { worktree_path } = useSession()
  const left = ask.expiresAt - now
  const offline = line.state === 'lost'
  return (
    <section aria-label="The agent waits for you" className="rounded-composer border border-need bg-needbg p-3">
      <div className="mb-2 flex items-center gap-2">
        <SignalMark signal={signal('waiting')} />
        <h2 className="min-w-0 grow truncate text-talk font-medium">{headline(ask)}</h2>
        <span className="tabular shrink-0 text-meta text-dim">
          {place && `${place.index + 1} of ${place.count} · `}waiting {clock(now - ask.at)}
          {left < 5 * 60 * SECOND && ` · ${clock(left)} left`}
        </span>
        {place && (
          <>
            <IconButton label="Previous question" disabled={place.index === 0} onClick={() => place.go(place.index - 1)}><ChevronLeft size={14} aria-hidden /></IconButton>
            <IconButton label="Next question" disabled={place.index === place.count - 1} onClick={() => place.go(place.index + 1)}><ChevronRight size={14} aria-hidden /></IconButton>
          </>
        )}
      </div>
      <AskDetail ask={ask} root={worktree_path} />
      {offline && <p className="mb-2 text-fail">Offline: this cannot be answered now.</p>}
      {ask.question && ask.questions.length > 0 ? <QuestionForm ask={ask} disabled={offline} /> : <AskOptions ask={ask} disabled={offline} />}
    </section>
  )
}

