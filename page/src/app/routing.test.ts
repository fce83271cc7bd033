import { expect, test } from 'vitest'
import { hrefOf, sessionSearch } from './routing'

test('an address says what is shown, and reading it gives the same', () => {
  const search = { agent: 'a b', turn: '3', changes: 'shown' } as const
  const href = hrefOf({ to: '/sessions/$sessionId', params: { sessionId: 's1' }, search })
  expect(href).toBe('/sessions/s1?agent=a+b&turn=3&changes=shown')
  expect(sessionSearch(href.split('?')[1] ?? '')).toEqual(search)
})

test('words that nobody knows are left out', () => {
  expect(sessionSearch('agent=&changes=maybe&x=1')).toEqual({})
})

test('a place may have a part', () => {
  expect(hrefOf({ to: '/settings', hash: 'agents' })).toBe('/settings#agents')
  expect(hrefOf({ to: '/' })).toBe('/')
})
