import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Session, SessionEvent } from '@/api/types'
import { LiveSocket, type Summaries, type Wire } from './socket'

class FakeWire implements Wire {
  readyState = 0
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((message: { data: unknown }) => void) | null = null
  sent: Record<string, unknown>[] = []
  reconnects = 0
  send(text: string) {
    this.sent.push(JSON.parse(text))
  }
  reconnect() {
    this.reconnects++
  }
  close() {
    this.drop()
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  drop() {
    this.readyState = 3
    this.onclose?.()
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}

class Collector {
  readonly got: number[] = []
  readonly refusals: string[] = []
  caught = 0
  get lastSeq() {
    return this.got.at(-1) ?? 0
  }
  take(events: SessionEvent[]) {
    this.got.push(...events.map((event) => event.seq))
  }
  caughtUp(seq: number) {
    this.caught = seq
  }
  refused(code: string) {
    this.refusals.push(code)
  }
}

const event = (seq: number, more = {}) => ({ op: 'event', session_id: 's', seq, at: '', task_id: null, type: 'text', text: '', ...more })
let wire: FakeWire
let summaries: { changed: Session[]; deleted: string[]; missed: number }
let socket: LiveSocket

beforeEach(() => {
  vi.useFakeTimers()
  wire = new FakeWire()
  summaries = { changed: [], deleted: [], missed: 0 }
  const told: Summaries = {
    changed: (session) => summaries.changed.push(session), deleted: (id) => summaries.deleted.push(id),
    missed: () => summaries.missed++,
  }
  socket = new LiveSocket(wire, told)
})
afterEach(() => vi.useRealTimers())

test('over forced disconnects with repetitions nothing is lost and nothing comes twice', () => {
  const follower = new Collector()
  socket.follow('s', follower)
  let next = 1
  while (next <= 3000) {
    wire.open()
    const subscribed = wire.sent.at(-1)
    expect(subscribed).toEqual({ op: 'subscribe', session_id: 's', after: follower.lastSeq })
    // A server that repeats a little, as after a race of two subscriptions.
    for (let seq = Math.max(1, next - 5); seq < next + 400; seq++) wire.say(event(seq))
    next += 400
    wire.drop()
    expect(socket.line.get().state).toBe('lost')
  }
  expect(follower.got).toEqual(Array.from({ length: follower.lastSeq }, (_, index) => index + 1))
})

test('a gap is asked for once, and believed when it comes again', () => {
  const follower = new Collector()
  wire.open()
  socket.follow('s', follower)
  wire.say(event(1))
  wire.say(event(5))
  expect(follower.got).toEqual([1])
  expect(wire.sent.at(-1)).toEqual({ op: 'subscribe', session_id: 's', after: 1 })
  wire.say(event(5))
  expect(follower.got).toEqual([1, 5])
  wire.say(event(9, { whole: true, first_seq: 6 }))
  expect(follower.got).toEqual([1, 5, 9])
})

test('a subscription ends with its follower, and not with an earlier one', () => {
  const first = new Collector()
  const second = new Collector()
  wire.open()
  const stopFirst = socket.follow('s', first)
  const stopSecond = socket.follow('s', second)
  stopFirst()
  wire.say(event(1))
  expect([first.got, second.got]).toEqual([[], [1]])
  stopSecond()
  expect(wire.sent.at(-1)).toEqual({ op: 'unsubscribe', session_id: 's' })
  wire.say(event(2))
  expect(second.got).toEqual([1])
})

test('lines of the list come by, and may have been missed after a reconnect', () => {
  wire.open()
  wire.say({ op: 'summary', session: { id: 'a', title: 'A' } })
  wire.say({ op: 'summary', session: { id: 'b', deleted: true } })
  expect([summaries.changed.length, summaries.deleted, summaries.missed]).toEqual([1, ['b'], 0])
  wire.drop()
  wire.open()
  expect(summaries.missed).toBe(1)
})

test('refusals and the end of a replay reach the follower', () => {
  const follower = new Collector()
  wire.open()
  socket.follow('s', follower)
  wire.say({ op: 'caught_up', session_id: 's', seq: 0 })
  wire.say({ op: 'error', session_id: 's', code: 'out_of_range', message: '' })
  expect(follower.refusals).toEqual(['out_of_range'])
})

test('a line that does not answer is given up', () => {
  wire.open()
  vi.advanceTimersByTime(20_000)
  expect(wire.sent.at(-1)).toEqual({ op: 'ping' })
  wire.say({ op: 'pong' })
  vi.advanceTimersByTime(20_000)
  vi.advanceTimersByTime(9_999)
  expect(wire.reconnects).toBe(0)
  vi.advanceTimersByTime(1)
  expect(wire.reconnects).toBe(1)
})

test('the line says since when it is lost and how often it was tried', () => {
  vi.setSystemTime(1000)
  wire.drop()
  vi.setSystemTime(5000)
  wire.drop()
  expect(socket.line.get()).toEqual({ state: 'lost', since: 1000, attempts: 2 })
  wire.open()
  expect(socket.line.get()).toEqual({ state: 'live', since: 5000 })
})
