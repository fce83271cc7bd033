import type { Signal } from './signal'

const COLOURS = {
  waiting: 'text-need', running: 'text-run', queued: 'text-run', failed: 'text-fail', unread: 'text-ok', idle: 'text-dim', cold: 'text-dim',
} as const

/** A railway signal: the shape alone says it, the colour repeats it, the word is there for screen readers. */
export function SignalMark({ signal }: { signal: Signal }) {
  const { kind, word } = signal
  return (
    <span className={`inline-grid size-4 shrink-0 place-items-center ${COLOURS[kind]}`} title={word}>
      <span className="sr-only">{word}</span>
      <svg aria-hidden width="14" height="14" viewBox="0 0 16 16" fill="currentColor">
        {kind === 'waiting' && <path d="M8 1.2 14.8 8 8 14.8 1.2 8z" />}
        {kind === 'running' && (
          <>
            <circle cx="8" cy="8" r="3" />
            <path d="M8 2a6 6 0 0 1 6 6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" className="origin-center animate-arc" />
          </>
        )}
        {kind === 'queued' && <path d="M4 3v10M8 3v10M12 3v10" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />}
        {kind === 'failed' && (
          <>
            <rect x="2" y="2" width="12" height="12" rx="2" />
            <path d="m5.5 5.5 5 5m0-5-5 5" stroke="var(--rh-panel)" strokeWidth="1.6" strokeLinecap="round" />
          </>
        )}
        {kind === 'unread' && <circle cx="8" cy="8" r="5.5" />}
        {kind === 'idle' && <circle cx="8" cy="8" r="4.6" fill="none" stroke="currentColor" strokeWidth="2" />}
        {kind === 'cold' && <circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="2.6 2.6" />}
      </svg>
    </span>
  )
}
