import type { ReactNode } from 'react'
import { Link } from '@/app/routing'
import { signal } from '@/rail/signal'
import { SignalMark } from '@/rail/signal-mark'
import type { Entry } from './entries'
import { linkIdOf } from './use-inbox-keys'

export interface EntryProps<Kind extends Entry['kind']> {
  readonly entry: Extract<Entry, { kind: Kind }>
  /** The project's name and the session's title. */
  readonly place: string
  /** Whether the keys act on it. */
  readonly current: boolean
  readonly offline: boolean
  readonly now: number
  readonly onCurrent: () => void
}

const SIGNALS = { ask: 'waiting', failed: 'failed', finished: 'unread' } as const

/** What all entries have: a signal, a title that leads to the session, where it is and since when. */
export function EntryFrame({ entry, place, current, onCurrent, title, time, children }: Pick<EntryProps<Entry['kind']>, 'entry' | 'place' | 'current' | 'onCurrent'> & {
  title: string
  time: ReactNode
  children: ReactNode
}) {
  return (
    <li
      aria-current={current ? 'true' : undefined}
      onFocus={onCurrent}
      className={`relative flex gap-2.5 border-b border-line py-3 pr-3 pl-3.5 last:border-b-0 ${current ? 'before:absolute before:inset-y-0 before:left-0 before:w-[3px] before:bg-brand' : ''}`}
    >
      <span className="mt-0.5 shrink-0"><SignalMark signal={signal(SIGNALS[entry.kind])} /></span>
      <div className="min-w-0 grow">
        <div className="flex items-start gap-3">
          <h2 className="min-w-0 grow font-medium break-words">
            <Link id={linkIdOf(entry.id)} to="/sessions/$sessionId" params={{ sessionId: entry.sessionId }} className="rounded-control hover:underline pointer-coarse:-my-3 pointer-coarse:inline-block pointer-coarse:py-3">{title}</Link>
          </h2>
          <span className="tabular shrink-0 font-mono text-meta leading-4.75 text-dim">{time}</span>
        </div>
        <p className="truncate text-dim">{place}</p>
        <div className="mt-2">{children}</div>
      </div>
    </li>
  )
}
