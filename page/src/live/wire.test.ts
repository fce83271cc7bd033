import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ReturningWire } from './wire'

class FakeSocket {
  readyState = 0
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((message: { data: unknown }) => void) | null = null
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  close() {
    this.readyState = 3
    this.onclose?.()
  }
}

let sockets: FakeSocket[]
let wire: ReturningWire
let heard: string[]

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  heard = []
  wire = new ReturningWire(() => {
    const socket = new FakeSocket()
    sockets.push(socket)
    return socket as unknown as WebSocket
  })
  wire.onopen = () => heard.push('open')
  wire.onclose = () => heard.push('close')
  wire.onmessage = ({ data }) => heard.push(String(data))
  vi.advanceTimersByTime(1)
})
afterEach(() => vi.useRealTimers())

test('a lost line comes back, each time a little later, and at once after one that held', () => {
  sockets[0]?.open()
  sockets[0]?.close()
  vi.advanceTimersByTime(149)
  expect(sockets).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(sockets).toHaveLength(2)
  sockets[1]?.close()
  vi.advanceTimersByTime(239)
  expect(sockets).toHaveLength(2)
  vi.advanceTimersByTime(1)
  expect(sockets).toHaveLength(3)
  sockets[2]?.open()
  vi.advanceTimersByTime(5000)
  sockets[2]?.close()
  vi.advanceTimersByTime(150)
  expect(sockets).toHaveLength(4)
  expect(heard).toEqual(['open', 'close', 'close', 'open', 'close'])
})

test('a line that does not open in time is given up', () => {
  vi.advanceTimersByTime(4000)
  expect(heard).toEqual(['close'])
  vi.advanceTimersByTime(150)
  expect(sockets).toHaveLength(2)
})

test('what a line that was given up still says is not heard', () => {
  sockets[0]?.open()
  const [first] = sockets
  wire.reconnect()
  first?.onmessage?.({ data: 'late' })
  sockets[1]?.open()
  sockets[1]?.onmessage?.({ data: 'new' })
  expect(heard).toEqual(['open', 'close', 'open', 'new'])
})

test('a closed wire stays closed', () => {
  sockets[0]?.open()
  wire.close()
  vi.advanceTimersByTime(60_000)
  expect(sockets).toHaveLength(1)
})
