// The one WebSocket of a tab: subscriptions survive reconnects, and no event is handed on twice or out of order.

import type { ServerFrame, Session, SessionEvent } from '@/api/types'
import { Line } from './status'

export const PROTOCOL = 'roundhouse.v1'
const PING_EVERY = 20_000
const PONG_WITHIN = 10_000

/** What is used of a WebSocket that reconnects by itself. */
export interface Wire {
  send(text: string): void
  reconnect(): void
  close(): void
  readonly readyState: number
  onopen: (() => void) | null
  onclose: (() => void) | null
  onmessage: ((message: { data: unknown }) => void) | null
}

export interface Follower {
  /** The last event it has; what follows is sent. */
  readonly lastSeq: number
  take(events: SessionEvent[]): void
  caughtUp(seq: number): void
  /** The server cannot go on from `lastSeq`: begin anew. */
  refused(code: string, message: string): void
}

export interface Summaries {
  changed(session: Session): void
  deleted(sessionId: string): void
  /** Lines may have changed unseen. */
  missed(): void
}

const OPEN = 1

export class LiveSocket {
  readonly line = new Line()
  readonly #wire: Wire
  readonly #summaries: Summaries
  readonly #followers = new Map<string, Follower>()
  readonly #gaps = new Map<string, number>()
  #everOpen = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #heardAt = 0

  constructor(wire: Wire, summaries: Summaries) {
    this.#wire = wire
    this.#summaries = summaries
    wire.onopen = () => this.#opened()
    wire.onclose = () => this.#closed()
    wire.onmessage = (message) => this.#heard(message.data)
  }

  /** Sends a session's events to `follower`, now and after every reconnect, until the returned function is called. */
  follow(sessionId: string, follower: Follower): () => void {
    this.#followers.set(sessionId, follower)
    this.#subscribe(sessionId, follower)
    return () => {
      if (this.#followers.get(sessionId) !== follower) return
      this.#followers.delete(sessionId)
      this.#gaps.delete(sessionId)
      this.#send({ op: 'unsubscribe', session_id: sessionId })
    }
  }

  /** Tries at once instead of waiting for the next attempt. */
  retry(): void {
    this.#wire.reconnect()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#wire.close()
  }

  #opened(): void {
    this.line.opened(Date.now())
    for (const [sessionId, follower] of this.#followers) this.#subscribe(sessionId, follower)
    if (this.#everOpen) this.#summaries.missed()
    this.#everOpen = true
    this.#pingLater()
  }

  #closed(): void {
    clearTimeout(this.#timer)
    this.line.failed(Date.now())
  }

  #heard(data: unknown): void {
    this.#heardAt = Date.now()
    const frame = JSON.parse(String(data)) as ServerFrame
    switch (frame.op) {
      case 'event':
        this.#event(frame)
        break
      case 'caught_up':
        this.#followers.get(frame.session_id)?.caughtUp(frame.seq)
        break
      case 'summary':
        if ('deleted' in frame.session) this.#summaries.deleted(frame.session.id)
        else this.#summaries.changed(frame.session)
        break
      case 'error':
        if (frame.session_id) this.#followers.get(frame.session_id)?.refused(frame.code, frame.message)
        break
      case 'pong':
        break
    }
  }

  #event(event: SessionEvent): void {
    const follower = this.#followers.get(event.session_id)
    if (follower === undefined || event.seq <= follower.lastSeq) return
    if (event.seq > follower.lastSeq + 1 && !this.#bridges(event, follower.lastSeq)) return
    follower.take([event])
  }

  /**
   * Whether the numbers that are missing before `event` are missing in the log too: those that a folded message
   * replaced are. Any other gap is asked for once, and believed when it comes again.
   */
  #bridges(event: SessionEvent, last: number): boolean {
    if ('first_seq' in event && event.first_seq != null && event.first_seq <= last + 1) return true
    if (this.#gaps.get(event.session_id) === last) return true
    this.#gaps.set(event.session_id, last)
    const follower = this.#followers.get(event.session_id)
    if (follower) this.#subscribe(event.session_id, follower)
    return false
  }

  #subscribe(sessionId: string, follower: Follower): void {
    this.#send({ op: 'subscribe', session_id: sessionId, after: follower.lastSeq })
  }

  #send(message: object): void {
    if (this.#wire.readyState === OPEN) this.#wire.send(JSON.stringify(message))
  }

  /** A line can be dead without being closed; only silence after a question shows it. */
  #pingLater(): void {
    clearTimeout(this.#timer)
    this.#heardAt = Date.now()
    const look = () => {
      const left = this.#heardAt + PING_EVERY - Date.now()
      if (left > 0) {
        this.#timer = setTimeout(look, left)
        return
      }
      const asked = Date.now()
      this.#send({ op: 'ping' })
      this.#timer = setTimeout(() => {
        if (this.#heardAt >= asked) look()
        else this.#wire.reconnect()
      }, PONG_WITHIN)
    }
    this.#timer = setTimeout(look, PING_EVERY)
  }
}
