// The life of a turn: queued, started, agent ready, ended.

import type { EventOf, Usage } from '@/api/types'
import type { Timeline } from './timeline'

export function createTurn(timeline: Timeline, event: EventOf<'task_created'>, at: number): void {
  if (event.task_id === null) return
  timeline.changeTurn(event.task_id, {
    agent: event.agent, prompt: event.input, model: event.model ?? null, mode: event.mode ?? null, createdAt: at,
  })
  timeline.touchState()
}

export function startTurn(timeline: Timeline, event: EventOf<'task_started'>, at: number): void {
  if (event.task_id === null) return
  timeline.begin(event.task_id, at)
  timeline.changeTurn(event.task_id, { startedAt: at, status: 'running' })
  if (event.agent) timeline.changeTurn(event.task_id, { agent: event.agent })
  timeline.touchState()
}

export function readyTurn(timeline: Timeline, event: EventOf<'agent_ready'>, at: number): void {
  if (event.task_id === null) return
  timeline.begin(event.task_id, at)
  const { continuity, warm, ms } = event
  timeline.changeTurn(event.task_id, { ready: { continuity, warm, ms, reason: event.reason ?? null }, activity: null })
}

export function noteUsage(timeline: Timeline, event: EventOf<'usage'>): void {
  if (event.task_id !== null) {
    const turn = timeline.turn(event.task_id)
    timeline.changeTurn(event.task_id, { usage: { ...turn.usage, ...given(event) } })
  }
  if (event.context_used != null || event.context_size != null) {
    const before = timeline.agents.get(event.agent ?? '')
    timeline.changeAgent(event.agent, {
      contextUsed: event.context_used ?? before?.contextUsed ?? null,
      contextSize: event.context_size ?? before?.contextSize ?? null,
    })
  }
}

export function endTurn(timeline: Timeline, event: EventOf<'task_ended'>, at: number): void {
  if (event.task_id === null) return
  const before = timeline.turn(event.task_id)
  // What was cancelled in the queue never began, and is not part of the conversation.
  if (before.number > 0 || event.status !== 'cancelled') timeline.begin(event.task_id, at)
  timeline.changeTurn(event.task_id, {
    status: event.status, endedAt: at, failureCode: event.failure_code ?? null, error: event.error ?? null,
    ms: event.ms ?? null, activity: null, usage: event.usage ? { ...before.usage, ...event.usage } : before.usage,
  })
  endTools(timeline, event.task_id, at)
  // A turn's end moves its footer.
  timeline.reordered = true
  timeline.touchState()
}

/** What an agent never reported the end of does not go on after its turn. */
function endTools(timeline: Timeline, taskId: string, at: number): void {
  for (const id of timeline.turn(taskId).items) {
    const item = timeline.items.get(id)
    if (item?.kind === 'tool' && item.endedAt === null) timeline.setItem({ ...item, endedAt: at })
  }
}

function given(event: EventOf<'usage'>): Usage {
  const { tokens_in, tokens_out, cost_usd, context_used, context_size } = event
  const fields = { tokens_in, tokens_out, cost_usd, context_used, context_size }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Usage
}
