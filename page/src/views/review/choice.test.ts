import { describe, expect, test } from 'vitest'
import { choiceOf, targetWords } from './choice'
import { ALL, type Filter } from './filter'
import { MIXED, file } from './sample'

const BY_GOOSE: Filter = { agent: 'goose', span: { kind: 'session' } }
const pool = file('src/pool.py', { hunks: [MIXED] })
const logo = file('logo.png', { binary: true })

describe('what the server is asked', () => {
  test('a hunk by its id', () => {
    expect(choiceOf({ kind: 'hunk', file: pool, hunk: MIXED }, ALL)).toEqual({ hunks: ['h1'] })
  })

  test('a file by its path', () => {
    expect(choiceOf({ kind: 'file', file: pool }, ALL)).toEqual({ files: ['src/pool.py'] })
  })

  test('of a filtered file only the hunks that are shown', () => {
    expect(choiceOf({ kind: 'file', file: pool }, BY_GOOSE)).toEqual({ hunks: ['h1'] })
    expect(choiceOf({ kind: 'file', file: logo }, BY_GOOSE)).toEqual({ files: ['logo.png'] })
  })

  test('one author, everything, everything shown', () => {
    expect(choiceOf({ kind: 'author', agent: 'person' }, ALL)).toEqual({ agent: 'person' })
    expect(choiceOf({ kind: 'all' }, BY_GOOSE)).toEqual({ all: true })
    expect(choiceOf({ kind: 'shown', files: [pool] }, ALL)).toEqual({ all: true })
    expect(choiceOf({ kind: 'shown', files: [pool, logo] }, BY_GOOSE)).toEqual({ files: ['logo.png'], hunks: ['h1'] })
  })

  test('nothing at all is an empty choice', () => {
    expect(choiceOf({ kind: 'shown', files: [] }, BY_GOOSE)).toEqual({})
  })
})

test('a target in words', () => {
  expect(targetWords({ kind: 'hunk', file: pool, hunk: MIXED })).toBe('this part of pool.py')
  expect(targetWords({ kind: 'author', agent: 'person' })).toBe('what you wrote')
  expect(targetWords({ kind: 'author', agent: 'goose' })).toBe('what goose wrote')
})
