// What needs a person, from everything that is known: oldest first.

import type { InboxItem, Permission, Session } from '@/api/types'

export const SHOWS = ['all', 'permissions', 'failed', 'finished'] as const
export type Show = (typeof SHOWS)[number]

interface Waiting {
  /** Stays while it waits. */
  readonly id: string
  readonly at: number
  readonly sessionId: string
  /** Missing for a moment when the list of sessions is older than the inbox. */
  readonly session: Session | undefined
}

export type Entry =
  | (Waiting & { readonly kind: 'ask'; readonly permission: Permission })
  | (Waiting & { readonly kind: 'failed'; readonly session: Session })
  | (Waiting & { readonly kind: 'finished'; readonly session: Session })

export function entriesOf(items: readonly InboxItem[], sessions: readonly Session[]): Entry[] {
  const byId = new Map(sessions.map((session) => [session.id, session]))
  const found = new Map<string, Entry>()
  const put = (entry: Entry) => found.set(entry.id, entry)
  for (const { permission, session, session_id: sessionId, at } of items) {
    if (permission) put({ kind: 'ask', id: `ask-${permission.id}`, at: Date.parse(at), sessionId, session: byId.get(sessionId), permission })
    else if (session) put(failed(byId.get(sessionId) ?? session))
  }
  for (const session of sessions) {
    // A queue that is held behind a lost turn stands still, whatever the session's status says.
    if (session.hold_reason !== null && session.status !== 'waiting') put(failed(session))
    else if (session.status === 'unread') put({ kind: 'finished', id: `finished-${session.id}`, at: Date.parse(session.updated_at), sessionId: session.id, session })
  }
  return [...found.values()].toSorted((a, b) => a.at - b.at || a.id.localeCompare(b.id))
}

function failed(session: Session): Entry {
  return { kind: 'failed', id: `failed-${session.id}`, at: Date.parse(session.updated_at), sessionId: session.id, session }
}

const KINDS: Record<Show, readonly Entry['kind'][]> = {
  all: ['ask', 'failed', 'finished'], permissions: ['ask'], failed: ['failed'], finished: ['finished'],
}

export function filtered(entries: readonly Entry[], show: Show): Entry[] {
  return entries.filter((entry) => KINDS[show].includes(entry.kind))
}

/** The one the keys act on: the chosen one, or what took its place when it was done with. */
export function currentOf(entries: readonly Entry[], chosen: string | null, place: number): Entry | undefined {
  return entries.find((entry) => entry.id === chosen) ?? entries[Math.min(place, entries.length - 1)]
}
