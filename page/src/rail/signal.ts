// What a session's line says: a signal by shape, colour and word, and a second line of what is happening or wanted.

import type { Session } from '@/api/types'
import { ago } from '@/components/time'

export type SignalKind = 'waiting' | 'running' | 'queued' | 'failed' | 'unread' | 'idle' | 'cold'

export interface Signal {
  readonly kind: SignalKind
  readonly word: string
}

const WORDS: Record<SignalKind, string> = {
  waiting: 'needs you', running: 'running', queued: 'queued', failed: 'failed', unread: 'finished', idle: 'idle', cold: 'cold',
}

export function signalOf(session: Session): Signal {
  const { status } = session
  if (status === 'archived') return signal('cold')
  // Agents without a turn for long have been let go; the session is only a record then.
  if (status === 'idle' && session.agents.length === 0) return signal('cold')
  return signal(status)
}

export function signal(kind: SignalKind): Signal {
  return { kind, word: WORDS[kind] }
}

/** The second line. */
export function newsOf(session: Session, now: number): string {
  const when = ago(Date.parse(session.updated_at), now)
  switch (session.status) {
    case 'waiting': return session.activity ?? (session.waiting > 1 ? `${session.waiting} answers wanted` : 'your answer is wanted')
    case 'running': return session.activity ?? 'working'
    case 'queued': return session.hold_reason ?? 'queued'
    case 'failed': return session.activity ?? 'the last turn failed'
    case 'unread': return `finished ${when === 'now' ? 'just now' : when}`
    default: return session.last_seq === 0 ? 'nothing asked yet' : `idle ${when}`
  }
}
