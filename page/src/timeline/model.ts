// What a session's events amount to. Items and turns are replaced, never changed, so that React sees what is new.

import type {
  ChangedFile, Command, Continuity, EventOf, FailureCode, Location, PermissionAnswer, PermissionOption, PlanEntry,
  Question, TaskStatus, ToolContent, ToolStatus, Usage,
} from '@/api/types'

interface Placed {
  /** Unique in the session, and stable while it changes. */
  readonly id: string
  /** Its first event, and the time of it. */
  readonly seq: number
  readonly at: number
}

export interface Message extends Placed {
  readonly kind: 'text' | 'reasoning'
  readonly messageId: string | null
  readonly agent: string | null
  readonly text: string
  /** Of its last piece. */
  readonly endedAt: number
}

export interface Tool extends Placed {
  readonly kind: 'tool'
  readonly callId: string
  readonly title: string
  readonly toolKind: string
  readonly status: ToolStatus
  readonly input: unknown
  readonly output: unknown
  readonly locations: readonly Location[]
  readonly content: readonly ToolContent[]
  readonly endedAt: number | null
}

export interface Plan extends Placed {
  readonly kind: 'plan'
  readonly entries: readonly PlanEntry[]
}

export interface Ask extends Placed {
  readonly kind: 'ask'
  readonly permissionId: string
  readonly taskId: string | null
  readonly agent: string | null
  readonly question: boolean
  readonly title: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly options: readonly PermissionOption[]
  readonly questions: readonly Question[]
  readonly toolCallId: string | null
  readonly expiresAt: number
  readonly status: 'pending' | 'answered' | 'expired' | 'withdrawn'
  readonly answer: PermissionAnswer | null
  readonly answeredBy: string | null
}

export interface Crash extends Placed {
  readonly kind: 'crash'
  readonly agent: string | null
  readonly error: string
  readonly exitCode: number | null
  readonly stderr: string | null
}

export type NoteEvent = EventOf<'handover' | 'reviewed' | 'applied' | 'committed' | 'rewound' | 'repository' | 'raw'>

/** Something that is shown in one line where it happened. */
export interface Note extends Placed {
  readonly kind: 'note'
  readonly agent: string | null
  readonly event: NoteEvent
}

export type Item = Message | Tool | Plan | Ask | Crash | Note

export interface Ready {
  readonly continuity: Continuity
  readonly warm: boolean
  readonly ms: number
  readonly reason: string | null
}

/** One prompt and what came of it. */
export interface Turn {
  readonly id: string
  /** Its place among the turns that are known, from 1. */
  readonly number: number
  readonly agent: string | null
  readonly model: string | null
  readonly mode: string | null
  /** Null while the page of history that has it is not loaded. */
  readonly prompt: string | null
  readonly status: TaskStatus
  readonly createdAt: number | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly ready: Ready | null
  readonly items: readonly string[]
  readonly usage: Usage | null
  readonly changes: readonly ChangedFile[] | null
  readonly failureCode: FailureCode | null
  readonly error: string | null
  readonly ms: number | null
  /** The one-line answer to "why is it quiet". */
  readonly activity: string | null
}

/** What an agent last said of itself in this session. */
export interface AgentState {
  readonly commands: readonly Command[]
  readonly mode: string | null
  readonly model: string | null
  readonly contextUsed: number | null
  readonly contextSize: number | null
}

/** A turn, or something that happened between turns, by the order in which they began. */
export type Block = { readonly kind: 'turn'; readonly turnId: string } | { readonly kind: 'note'; readonly itemId: string }

export const NO_AGENT_STATE: AgentState = { commands: [], mode: null, model: null, contextUsed: null, contextSize: null }
