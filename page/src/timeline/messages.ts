// Text and thinking: pieces become messages.

import type { EventOf } from '@/api/types'
import type { Logged } from './log'
import type { Message } from './model'
import type { Timeline } from './timeline'

type Piece = EventOf<'text' | 'reasoning'> & Logged

/**
 * Appends to the message that the turn ended with, if it is the same one. A message that goes on after a tool call
 * goes on below it, as a part of its own.
 */
export function addPiece(timeline: Timeline, event: Piece, at: number): void {
  if (event.whole) return replaceMessage(timeline, event, at)
  const last = lastItem(timeline, event.task_id)
  if (last && isPartOf(last, event)) {
    timeline.setItem({ ...last, text: last.text + event.text, endedAt: at })
  } else {
    placeMessage(timeline, event, at)
  }
}

/** A folded message says all of it again, in place of every part from `first_seq` on. */
function replaceMessage(timeline: Timeline, event: Piece, at: number): void {
  const from = event.first_seq ?? event.seq
  const turn = event.task_id === null ? undefined : timeline.turns.get(event.task_id)
  const parts = (turn?.items ?? [])
    .map((id) => timeline.items.get(id))
    .filter((item): item is Message => item !== undefined && isPartOf(item, event) && item.seq >= from)
  const [first, ...rest] = parts
  if (first === undefined || turn === undefined) return placeMessage(timeline, event, at)
  timeline.setItem({ ...first, text: event.text, endedAt: at })
  if (rest.length === 0) return
  const gone = new Set(rest.map((item) => item.id))
  gone.forEach((id) => timeline.removeItem(id))
  timeline.changeTurn(turn.id, { items: turn.items.filter((id) => !gone.has(id)) })
  timeline.reordered = true
}

function placeMessage(timeline: Timeline, event: Piece, at: number): void {
  const seq = event.first_seq ?? event.seq
  timeline.place(event.task_id, {
    kind: event.type, id: `m${seq}`, seq, at: event.first_at ? Date.parse(event.first_at) : at, endedAt: at, messageId: event.message_id ?? null,
    agent: event.agent ?? null, text: event.text,
  })
}

function lastItem(timeline: Timeline, taskId: string | null) {
  const id = taskId === null ? undefined : timeline.turns.get(taskId)?.items.at(-1)
  return id === undefined ? undefined : timeline.items.get(id)
}

function isPartOf(item: { kind: string; messageId?: string | null }, event: Piece): item is Message {
  return item.kind === event.type && item.messageId === (event.message_id ?? null)
}
