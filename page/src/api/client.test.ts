import { afterEach, expect, test, vi } from 'vitest'
import { addressOf, call, http } from './client'
import { ApiError } from './error'

afterEach(() => vi.unstubAllGlobals())

test('parts and questions of an address are filled in', () => {
  expect(addressOf('/api/sessions/{session_id}/files', { path: { session_id: 'a/b' }, query: { q: 'x y', limit: 3, cursor: null } }))
    .toBe('/api/sessions/a%2Fb/files?q=x+y&limit=3')
  expect(addressOf('/api/changes', { query: { agent: ['a', 'b'] } })).toBe('/api/changes?agent=a&agent=b')
})

test('a call answers with the data, or throws what the server said', async () => {
  const answers = [new Response('{"status":"ok"}'), new Response('<html>', { status: 502 })]
  vi.stubGlobal('fetch', () => Promise.resolve(answers.shift()))
  expect(await call(http.GET('/api/health'))).toEqual({ status: 'ok' })
  await expect(call(http.GET('/api/health'))).rejects.toBeInstanceOf(ApiError)
})

test('an answer without a body is one', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })))
  expect(await call(http.POST('/api/agents/refresh'))).toBeUndefined()
})
