import { describe, expect, test } from 'vitest'
import { find } from './find'
import { MIXED, file, hunk } from './sample'
import { anchorOf, endOf, heir, step, stepFile, stopKey, stopsOf } from './walk'

const second = hunk('h2', '@@ -9,1 +9,0 @@', [['delete', 9, null, 'Gone', 'goose']])
const files = [file('a.py', { hunks: [MIXED, second] }), file('b.bin', { binary: true }), file('c.py', { hunks: [second] })]
const stops = stopsOf(files, () => false)
const keys = stops.map(stopKey)

describe('stepping', () => {
  test('goes through hunks, and over files without any', () => {
    expect(stops.map((stop) => [stop.path, stop.hunk?.id ?? null])).toEqual([['a.py', 'h1'], ['a.py', 'h2'], ['b.bin', null], ['c.py', 'h2']])
    expect(stopsOf(files, (one) => one.path === 'a.py')[0]).toEqual({ path: 'a.py', hunk: null })
  })

  test('begins at an end and stops at the other', () => {
    expect(step(stops, null, 1)).toBe(stops[0])
    expect(step(stops, null, -1)).toBe(stops[3])
    expect(step(stops, keys[3] ?? null, 1)).toBeNull()
  })

  test('goes from file to file', () => {
    expect(stepFile(stops, keys[1] ?? null, 1)).toBe(stops[2])
    expect(stepFile(stops, keys[3] ?? null, -1)).toBe(stops[2])
    expect(stepFile(stops, keys[3] ?? null, 1)).toBeNull()
  })
})

describe('when the hunk under the eye is gone', () => {
  test('the next one takes its place', () => {
    expect(heir(stops, stops.slice(1), keys[0] ?? null)).toBe(keys[1])
  })

  test('at the end the one before', () => {
    expect(heir(stops, stops.slice(0, 3), keys[3] ?? null)).toBe(keys[2])
  })

  test('nothing when nothing is left, and nothing from nothing', () => {
    expect(heir(stops, [], keys[0] ?? null)).toBeNull()
    expect(heir(stops, stops, null)).toBeNull()
  })
})

test('one looks at the first changed line; the verbs stand under the last line', () => {
  expect(anchorOf(MIXED)).toEqual({ side: 'old', line: 2 })
  expect(endOf(MIXED)).toEqual({ side: 'new', line: 5 })
  expect(endOf(second)).toEqual({ side: 'old', line: 9 })
})

describe('finding', () => {
  test('is without case unless the text has a capital', () => {
    expect(find(files, 'gone')).toEqual([{ path: 'a.py', side: 'old', line: 9 }, { path: 'c.py', side: 'old', line: 9 }])
    expect(find(files, 'Gone')).toHaveLength(2)
    expect(find(files, 'GONE')).toEqual([])
  })

  test('tells the side of a line', () => {
    expect(find(files, 'D').map((hit) => [hit.side, hit.line])).toEqual([['new', 4]])
    expect(find(files, '')).toEqual([])
  })
})
