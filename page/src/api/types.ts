// Names for the shapes of the interface; `schema.d.ts` is generated and awkward to read.
import type { components } from './schema'

type Shapes = components['schemas']

export type Session = Shapes['Session']
export type SessionStatus = Shapes['SessionStatus']
export type Project = Shapes['Project']
export type Task = Shapes['Task']
export type TaskStatus = Shapes['TaskStatus']
export type FailureCode = Shapes['FailureCode']
export type Continuity = Shapes['Continuity']
export type Permission = Shapes['Permission']
export type PermissionAnswer = Shapes['PermissionAnswer']
export type PermissionOption = Shapes['PermissionOption']
export type PermissionRule = Shapes['PermissionRule']
export type Question = Shapes['Question']
export type AgentInfo = Shapes['AgentInfo']
export type Conversation = Shapes['Conversation']
export type Health = Shapes['Health']
export type InboxItem = Shapes['InboxItem']
export type ChangeSet = Shapes['ChangeSet']
export type ChangedFile = Shapes['ChangedFile']
export type Usage = Shapes['Usage']
export type UsageLine = Shapes['UsageLine']
export type AgentProcess = Shapes['AgentProcess']
export type NodeHealth = Shapes['NodeHealth']
export type Command = Shapes['Command']
export type PlanEntry = Shapes['PlanEntry']
export type Location = Shapes['Location']
export type ToolContent = NonNullable<Shapes['ToolCall']['content']>[number]
export type ToolStatus = NonNullable<Shapes['ToolCall']['status']>

type Head = Shapes['EventHead']
export type EventBody = Shapes['EventBody']
export type EventType = EventBody['type']
/** One event of a session. A `type` that this page does not know yet can still arrive; see `timeline/reduce`. */
export type SessionEvent = Head & EventBody
export type EventOf<Type extends EventType> = Head & Extract<EventBody, { type: Type }>

export type ServerFrame =
  | ({ op: 'event' } & SessionEvent)
  | Shapes['CaughtUp']
  | Shapes['Pong']
  | Shapes['Refused']
  | Shapes['SessionSummary']
  | Shapes['DeletedSummary']
