// One session's timeline as React reads it: taken in event by event, shown once per frame, told only to those concerned.

import type { SessionEvent } from '@/api/types'
import type { Schedule } from '@/live/schedule'
import { Subject } from '@/live/subject'
import { type Logged, append } from './log'
import type { AgentState, Ask, Item, Turn } from './model'
import { NO_AGENT_STATE } from './model'
import { firstOf, reduce } from './reduce'
import { type Row, rowsOf } from './rows'
import { Timeline, turnKey } from './timeline'

export interface SessionState {
  readonly lastSeq: number
  /** Whether everything that was stored has been taken in. */
  readonly caughtUp: boolean
  /** Whether history goes on before what is loaded. */
  readonly hasOlder: boolean
  readonly asks: readonly Ask[]
  readonly running: Turn | null
  readonly last: Turn | null
  readonly agents: ReadonlyMap<string, AgentState>
}

export class TimelineStore {
  readonly sessionId: string
  readonly #schedule: Schedule
  readonly #subject = new Subject()
  #timeline = new Timeline()
  #log: Logged[] = []
  #rows: Row[] = []
  #shown = new Map<string, Item | Turn>()
  #state: SessionState = EMPTY
  /** Past turns whose steps are shown: those that were opened, and those that were seen running. */
  readonly #unfolded = new Set<string>()
  #caughtUp = false
  #scheduled = false

  constructor(sessionId: string, schedule: Schedule) {
    this.sessionId = sessionId
    this.#schedule = schedule
  }

  get lastSeq(): number {
    return this.#timeline.lastSeq
  }

  get firstSeq(): number {
    return this.#timeline.firstSeq
  }

  /** Events that follow what is here. */
  append(events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.seq <= this.#timeline.lastSeq) continue
      append(this.#log, event)
      reduce(this.#timeline, event)
    }
    this.#later()
  }

  /** Events of the page of history that ends where this one begins. */
  prepend(events: readonly SessionEvent[]): void {
    const first = this.#timeline.firstSeq
    const older: Logged[] = []
    for (const event of events) if (first === 0 || event.seq < first) append(older, event)
    if (older.length === 0) return
    const log = older
    for (const event of this.#log) append(log, event)
    const before = this.#timeline
    this.#log = log
    this.#timeline = replayed(log)
    for (const key of [...before.items.keys(), ...[...before.turns.keys()].map(turnKey)]) this.#timeline.touched.add(key)
    this.#later()
  }

  setCaughtUp(): void {
    this.#caughtUp = true
    this.#timeline.touchState()
    this.#later()
  }

  /** Forgets everything: the server's log is another one. */
  reset(): void {
    const keys = [...this.#shown.keys()]
    this.#timeline = new Timeline()
    this.#log = []
    this.#caughtUp = false
    keys.forEach((key) => this.#timeline.touched.add(key))
    this.#later()
  }

  readonly rows = (): readonly Row[] => this.#rows
  readonly state = (): SessionState => this.#state
  item(id: string): Item | undefined {
    return this.#shown.get(id) as Item | undefined
  }
  turn(id: string): Turn | undefined {
    return this.#shown.get(turnKey(id)) as Turn | undefined
  }
  agent(name: string): AgentState {
    return this.#state.agents.get(name) ?? NO_AGENT_STATE
  }

  readonly listenRows = (listener: () => void): (() => void) => this.#subject.listen('rows', listener)
  readonly listenState = (listener: () => void): (() => void) => this.#subject.listen('state', listener)
  listenItem(id: string, listener: () => void): () => void {
    return this.#subject.listen(id, listener)
  }
  listenTurn(id: string, listener: () => void): () => void {
    return this.#subject.listen(turnKey(id), listener)
  }

  /** Shows what has been taken in. Called by the schedule. */
  flush(): void {
    this.#scheduled = false
    const timeline = this.#timeline
    const keys = [...timeline.touched]
    timeline.touched.clear()
    for (const key of keys) this.#show(key)
    this.#keepOpen()
    if (timeline.reordered) {
      timeline.reordered = false
      this.#rows = rowsOf(timeline, this.#unfolded)
      keys.push('rows')
    }
    if (keys.includes('state') || keys.includes('rows')) {
      this.#state = this.#summed()
      if (!keys.includes('state')) keys.push('state')
    }
    this.#subject.tell(keys)
  }

  /** Shows or hides the steps of a past turn. */
  fold(turnId: string, folded: boolean): void {
    if (folded) this.#unfolded.delete(turnId)
    else this.#unfolded.add(turnId)
    this.#timeline.reordered = true
    this.flush()
  }

  /** What somebody may be reading does not fold under their eyes when the turn ends. */
  #keepOpen(): void {
    const block = this.#timeline.blocks.findLast((found) => found.kind === 'turn')
    if (block && this.#timeline.turns.get(block.turnId)?.status === 'running') this.#unfolded.add(block.turnId)
  }

  #show(key: string): void {
    const now = key.startsWith('turn:') ? this.#timeline.turns.get(key.slice(5)) : this.#timeline.items.get(key)
    if (now === undefined) this.#shown.delete(key)
    else this.#shown.set(key, now)
  }

  #summed(): SessionState {
    const { asks, items, turns, blocks, agents, firstSeq, lastSeq } = this.#timeline
    const block = blocks.findLast((found) => found.kind === 'turn')
    const last = (block && turns.get(block.turnId)) ?? null
    return {
      lastSeq,
      caughtUp: this.#caughtUp,
      hasOlder: firstSeq > 1,
      asks: [...asks.values()].map((id) => items.get(id)).filter((item): item is Ask => item?.kind === 'ask'),
      running: last?.status === 'running' ? last : null,
      last,
      agents: new Map(agents),
    }
  }

  #later(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(() => this.flush())
  }
}

function replayed(log: readonly Logged[]): Timeline {
  const timeline = new Timeline()
  for (const event of log) reduce(timeline, event)
  const [first] = log
  if (first) timeline.firstSeq = firstOf(first)
  return timeline
}

const EMPTY: SessionState = {
  lastSeq: 0, caughtUp: false, hasOlder: false, asks: [], running: null, last: null, agents: new Map(),
}
