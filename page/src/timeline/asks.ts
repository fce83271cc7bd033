// Permission requests and questions, and their ends.

import type { EventOf } from '@/api/types'
import type { Timeline } from './timeline'

export function addAsk(timeline: Timeline, event: EventOf<'permission_requested'>, at: number): void {
  const id = itemId(event.permission_id)
  if (timeline.items.has(id)) return
  timeline.place(event.task_id, {
    kind: 'ask', id, seq: event.seq, at, permissionId: event.permission_id, taskId: event.task_id,
    agent: event.agent ?? null, question: event.kind === 'question', title: event.title,
    detail: event.detail ?? {}, options: event.options, questions: event.questions ?? [],
    toolCallId: event.tool_call_id ?? null, expiresAt: Date.parse(event.expires_at), status: 'pending',
    answer: null, answeredBy: null,
  })
  timeline.asks.set(event.permission_id, id)
  timeline.touchState()
}

/** An answer whose request is not loaded yet needs no place: the request will come with its history. */
export function endAsk(timeline: Timeline, event: EventOf<'permission_answered'>): void {
  const item = timeline.items.get(itemId(event.permission_id))
  if (item?.kind === 'ask') {
    timeline.setItem({ ...item, status: event.status, answer: event.answer ?? null, answeredBy: event.answered_by ?? null })
  }
  timeline.asks.delete(event.permission_id)
  timeline.touchState()
}

function itemId(permissionId: string): string {
  return `a${permissionId}`
}
