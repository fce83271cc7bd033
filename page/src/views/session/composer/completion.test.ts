import { expect, test } from 'vitest'
import { completed, wantedAt } from './completion'

test('a slash begins a command only at the very beginning', () => {
  expect(wantedAt('/rev', 4)).toEqual({ kind: 'command', query: 'rev', start: 0, end: 4 })
  expect(wantedAt('see /rev', 8)).toBeNull()
  expect(wantedAt('/review now', 11)).toBeNull()
})

test('an at sign begins a file, but not inside of a word', () => {
  expect(wantedAt('look at @src/po', 15)).toEqual({ kind: 'file', query: 'src/po', start: 8, end: 15 })
  expect(wantedAt('me@host', 7)).toBeNull()
  expect(wantedAt('@', 1)).toEqual({ kind: 'file', query: '', start: 0, end: 1 })
})

test('what is chosen replaces what was written, and the rest stays', () => {
  const wanted = wantedAt('look at @po and', 11)
  expect(wanted && completed('look at @po and', wanted, '@src/pool.py')).toEqual({ text: 'look at @src/pool.py and', caret: 21 })
  const folder = wantedAt('@sr', 3)
  expect(folder && completed('@sr', folder, '@src/')).toEqual({ text: '@src/', caret: 5 })
})
