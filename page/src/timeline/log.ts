// The events behind a timeline, kept so that older ones can be put before them.

import type { SessionEvent } from '@/api/types'

/** An event, or several pieces of one message joined: then with the time of the first. */
export type Logged = SessionEvent & { readonly first_at?: string }

/**
 * Appends, joining the pieces of one message: a long answer is thousands of events, and one string.
 * The joined event has the number of its last piece, as a folded one has.
 */
export function append(log: Logged[], event: Logged): void {
  const last = log.at(-1)
  if (
    last !== undefined &&
    (event.type === 'text' || event.type === 'reasoning') &&
    last.type === event.type &&
    last.task_id === event.task_id &&
    last.message_id === event.message_id &&
    !event.whole &&
    !last.whole
  ) {
    // Remembers its beginning: a later fold replaces the message from a number inside on.
    log[log.length - 1] = {
      ...event, first_seq: last.first_seq ?? last.seq, first_at: last.first_at ?? last.at, text: last.text + event.text,
    }
  } else {
    log.push(event)
  }
}
