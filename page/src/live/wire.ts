// The real WebSocket, which comes back by itself.

import { PROTOCOL, type Wire } from './socket'

const FIRST_DELAY = 150
const MOST_DELAY = 5000
const GROWTH = 1.6
const OPENS_WITHIN = 4000
/** A line that was open for less is no success: the next attempt waits longer. */
const HOLDS_AFTER = 5000

export function openWire(): Wire {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return new ReturningWire(() => new WebSocket(`${scheme}://${location.host}/api/ws`, PROTOCOL))
}

export class ReturningWire implements Wire {
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((message: { data: unknown }) => void) | null = null
  readonly #open: () => WebSocket
  #socket: WebSocket | undefined
  #delay = FIRST_DELAY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(open: () => WebSocket) {
    this.#open = open
    // Whoever made it says first what it listens for.
    this.#timer = setTimeout(() => this.#connect(), 0)
    // Both mean that waiting any longer is pointless.
    globalThis.addEventListener?.('online', () => this.#hurry())
    globalThis.document?.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.#hurry())
  }

  get readyState(): number {
    return this.#socket?.readyState ?? 0
  }

  send(text: string): void {
    this.#socket?.send(text)
  }

  reconnect(): void {
    this.#delay = FIRST_DELAY
    const lost = this.#socket
    this.#connect()
    if (lost?.readyState === 1) this.onclose?.()
    lost?.close()
  }

  close(): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #hurry(): void {
    if (this.#socket !== undefined && this.readyState > 1) this.reconnect()
  }

  #connect(): void {
    clearTimeout(this.#timer)
    const socket = this.#open()
    this.#socket = socket
    // Events of a socket that was given up no longer count.
    const current = () => this.#socket === socket
    let opened = 0
    this.#timer = setTimeout(() => current() && socket.close(), OPENS_WITHIN)
    socket.onopen = () => {
      if (!current()) return
      clearTimeout(this.#timer)
      opened = Date.now()
      this.onopen?.()
    }
    socket.onmessage = (message) => current() && this.onmessage?.(message)
    socket.onclose = () => {
      if (!current()) return
      if (opened > 0 && Date.now() - opened >= HOLDS_AFTER) this.#delay = FIRST_DELAY
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#connect(), this.#delay)
      this.#delay = Math.min(MOST_DELAY, this.#delay * GROWTH)
      this.onclose?.()
    }
  }
}
