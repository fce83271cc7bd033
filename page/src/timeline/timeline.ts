// The mutable whole that the reducers work on, and the notes of what they touched.

import type { AgentState, Block, Item, Turn } from './model'
import { NO_AGENT_STATE } from './model'

const STATE = 'state'

export class Timeline {
  readonly items = new Map<string, Item>()
  readonly turns = new Map<string, Turn>()
  readonly agents = new Map<string, AgentState>()
  /** Permission requests that wait, oldest first. */
  readonly asks = new Map<string, string>()
  /** In the order they began; turns that have not begun are not here. */
  readonly blocks: Block[] = []
  firstSeq = 0
  lastSeq = 0
  /** Whether blocks, or the items of a turn, are others than before. */
  reordered = true
  readonly touched = new Set<string>([STATE])

  setItem(item: Item): void {
    this.items.set(item.id, item)
    this.touched.add(item.id)
  }

  removeItem(id: string): void {
    this.items.delete(id)
    this.touched.add(id)
  }

  turn(id: string): Turn {
    return this.turns.get(id) ?? this.setTurn({ ...EMPTY, id })
  }

  changeTurn(id: string, change: Partial<Turn>): Turn {
    return this.setTurn({ ...this.turn(id), ...change })
  }

  /** Puts an item at the end of its turn, or between turns if it belongs to none. */
  place(taskId: string | null, item: Item): void {
    this.setItem(item)
    this.reordered = true
    if (taskId === null) {
      this.blocks.push({ kind: 'note', itemId: item.id })
    } else {
      const turn = this.begin(taskId, item.at)
      this.setTurn({ ...turn, items: [...turn.items, item.id] })
    }
  }

  /** The turn, which has begun: by its own start, or because history begins in the middle of it. */
  begin(taskId: string, at: number): Turn {
    const turn = this.turn(taskId)
    if (turn.number > 0) return turn
    this.blocks.push({ kind: 'turn', turnId: taskId })
    this.reordered = true
    const number = this.blocks.filter((block) => block.kind === 'turn').length
    const status = turn.status === 'pending' ? 'running' : turn.status
    return this.setTurn({ ...turn, number, status, startedAt: turn.startedAt ?? at })
  }

  changeAgent(name: string | null | undefined, change: Partial<AgentState>): void {
    if (!name) return
    this.agents.set(name, { ...NO_AGENT_STATE, ...this.agents.get(name), ...change })
    this.touched.add(STATE)
  }

  touchState(): void {
    this.touched.add(STATE)
  }

  private setTurn(turn: Turn): Turn {
    this.turns.set(turn.id, turn)
    this.touched.add(turnKey(turn.id))
    return turn
  }
}

export function turnKey(turnId: string): string {
  return `turn:${turnId}`
}

const EMPTY: Omit<Turn, 'id'> = {
  number: 0, agent: null, model: null, mode: null, prompt: null, status: 'pending', createdAt: null, startedAt: null,
  endedAt: null, ready: null, items: [], usage: null, changes: null, failureCode: null, error: null, ms: null,
  activity: null,
}
