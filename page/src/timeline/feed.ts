// Keeps a store filled: the end of the history first, then everything live, older pages on demand.

import type { SessionEvent } from '@/api/types'
import type { Follower, LiveSocket } from '@/live/socket'
import type { TimelineStore } from './store'

const PAGE = 1000
/** Lines that are wanted before the first look; tokens of one long answer can fill a page of events. */
const ROWS_FIRST = 30
const PAGES_FIRST = 8

export interface EventPage {
  readonly events: SessionEvent[]
  readonly last_seq: number
}

/** Reads the page of events that ends before `before`. */
export type ReadPage = (sessionId: string, before: number, limit: number) => Promise<EventPage>

export class Feed implements Follower {
  readonly store: TimelineStore
  readonly #socket: LiveSocket
  readonly #read: ReadPage
  #stop: (() => void) | undefined
  #loading: Promise<void> | undefined

  constructor(store: TimelineStore, socket: LiveSocket, read: ReadPage) {
    this.store = store
    this.#socket = socket
    this.#read = read
  }

  get lastSeq(): number {
    return this.store.lastSeq
  }

  /** Whether somebody looks at it. */
  get running(): boolean {
    return this.#stop !== undefined
  }

  /** Follows the session until `stop`. Going on later costs only what was missed. */
  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    this.#stop = () => undefined
    if (this.store.lastSeq === 0) await this.#loadEnd()
    if (this.#stop !== undefined) this.#stop = this.#socket.follow(this.store.sessionId, this)
  }

  stop(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  /** Loads the page before what is there; one at a time. */
  loadOlder(): Promise<void> {
    this.#loading ??= this.#older().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  take(events: SessionEvent[]): void {
    this.store.append(events)
  }

  caughtUp(): void {
    this.store.setCaughtUp()
  }

  refused(code: string): void {
    if (code !== 'out_of_range') return
    // The server has fewer events than we: it is another database.
    this.stop()
    this.store.reset()
    void this.start()
  }

  async #loadEnd(): Promise<void> {
    const page = await this.#read(this.store.sessionId, Number.MAX_SAFE_INTEGER, PAGE)
    this.store.append(page.events)
    this.store.flush()
    for (let pages = 1; pages < PAGES_FIRST && this.store.rows().length < ROWS_FIRST; pages++) {
      if (this.store.firstSeq <= 1) return
      await this.loadOlder()
      this.store.flush()
    }
  }

  async #older(): Promise<void> {
    const { firstSeq, sessionId } = this.store
    if (firstSeq <= 1) return
    const page = await this.#read(sessionId, firstSeq, PAGE)
    this.store.prepend(page.events)
  }
}
