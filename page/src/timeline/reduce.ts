// Events become a timeline: one event at a time, in the order of their numbers. Pure but for the timeline itself.

import type { SessionEvent } from '@/api/types'
import { addAsk, endAsk } from './asks'
import { addPiece } from './messages'
import type { NoteEvent } from './model'
import type { Timeline } from './timeline'
import { addToolCall, updateTool } from './tools'
import { createTurn, endTurn, noteUsage, readyTurn, startTurn } from './turns'

/** Takes one event in. Those that are there already are left out. */
export function reduce(timeline: Timeline, event: SessionEvent): void {
  if (event.seq <= timeline.lastSeq) return
  if (timeline.firstSeq === 0) timeline.firstSeq = firstOf(event)
  timeline.lastSeq = event.seq
  const at = Date.parse(event.at)
  switch (event.type) {
    case 'task_created': return createTurn(timeline, event, at)
    case 'task_started': return startTurn(timeline, event, at)
    case 'agent_ready': return readyTurn(timeline, event, at)
    case 'text':
    case 'reasoning': return addPiece(timeline, event, at)
    case 'tool_call': return addToolCall(timeline, event, at)
    case 'tool_update': return updateTool(timeline, event, at)
    case 'plan': return setPlan(timeline, event, at)
    case 'commands': return timeline.changeAgent(event.agent, { commands: event.commands })
    case 'mode': return setMode(timeline, event)
    case 'usage': return noteUsage(timeline, event)
    case 'permission_requested': return addAsk(timeline, event, at)
    case 'permission_answered': return endAsk(timeline, event)
    case 'changes': return setChanges(timeline, event)
    case 'task_ended': return endTurn(timeline, event, at)
    case 'agent_crashed': return addCrash(timeline, event, at)
    case 'activity': return setActivity(timeline, event)
    case 'handover':
    case 'reviewed':
    case 'applied':
    case 'committed':
    case 'rewound':
    case 'repository':
    case 'raw': return addNote(timeline, event, at)
    default: return addUnknown(timeline, event, at)
  }
}

/** Where the log goes on before this event. */
export function firstOf(event: SessionEvent): number {
  return 'first_seq' in event && event.first_seq != null ? event.first_seq : event.seq
}

type Of<Type extends SessionEvent['type']> = Extract<SessionEvent, { type: Type }>

function setPlan(timeline: Timeline, event: Of<'plan'>, at: number): void {
  const id = `p${event.task_id}`
  const before = timeline.items.get(id)
  if (before?.kind === 'plan') timeline.setItem({ ...before, entries: event.entries })
  else timeline.place(event.task_id, { kind: 'plan', id, seq: event.seq, at, entries: event.entries })
}

function setMode(timeline: Timeline, event: Of<'mode'>): void {
  timeline.changeAgent(event.agent, {
    ...(event.mode != null && { mode: event.mode }), ...(event.model != null && { model: event.model }),
  })
}

function setChanges(timeline: Timeline, event: Of<'changes'>): void {
  if (event.task_id !== null) timeline.changeTurn(event.task_id, { changes: event.files })
  timeline.touchState()
}

function setActivity(timeline: Timeline, event: Of<'activity'>): void {
  if (event.task_id !== null) timeline.changeTurn(event.task_id, { activity: event.text })
}

function addCrash(timeline: Timeline, event: Of<'agent_crashed'>, at: number): void {
  timeline.place(event.task_id, {
    kind: 'crash', id: `c${event.seq}`, seq: event.seq, at, agent: event.agent ?? null, error: event.error,
    exitCode: event.exit_code ?? null, stderr: event.stderr ?? null,
  })
}

function addNote(timeline: Timeline, event: NoteEvent, at: number): void {
  timeline.place(event.task_id, { kind: 'note', id: `n${event.seq}`, seq: event.seq, at, agent: event.agent ?? null, event })
}

/** A type that came with a newer server: shown as it is, never dropped. */
function addUnknown(timeline: Timeline, event: never, at: number): void {
  const unknown = event as SessionEvent
  const { session_id, seq, task_id, agent } = unknown
  addNote(timeline, {
    session_id, seq, at: unknown.at, task_id, ...(agent !== undefined && { agent }),
    type: 'raw', source: unknown.type, value: unknown,
  }, at)
}
