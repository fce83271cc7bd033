import { describe, expect, test } from 'vitest'
import { authorMark, hunkAuthors, percent } from './author'
import { Gutter } from './gutter'
import { MIXED, file } from './sample'

const gutter = new Gutter(file('pool.py', { hunks: [MIXED] }), (taskId) => (taskId === 't2' ? 14 : null))

describe('the gutter', () => {
  test('marks added and deleted lines apart, for their numbers overlap', () => {
    expect(gutter.mark('old', 2)?.words).toBe('claude')
    expect(gutter.mark('new', 2)?.words).toBe('claude')
    expect(gutter.mark('old', 3)).toEqual({ letter: 'Y', tone: 'you', words: 'you' })
    expect(gutter.mark('new', 3)).toMatchObject({ letter: 'G', words: 'goose, turn 14' })
  })

  test('leaves unchanged lines alone', () => {
    expect(gutter.mark('new', 1)).toBeUndefined()
    expect(gutter.mark('old', 4)).toBeUndefined()
    expect(gutter.mark('new', 99)).toBeUndefined()
  })
})

test('the authors of a hunk, the most lines first', () => {
  expect(hunkAuthors(MIXED)).toEqual(['claude', 'goose', null])
})

test('a mark says who, also without a turn', () => {
  expect(authorMark('opencode', null)).toMatchObject({ letter: 'O', words: 'opencode' })
})

test('a share is never called nothing', () => {
  expect(percent(0.7101)).toBe('71 %')
  expect(percent(0.001)).toBe('< 1 %')
  expect(percent(0)).toBe('0 %')
})
