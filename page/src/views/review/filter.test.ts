import { describe, expect, test } from 'vitest'
import { ALL, type Filter, PERSON, filterOf, filterWords, isWhole, queryOf, searchOf } from './filter'

const turn = (taskId: string) => (taskId === 't3' ? 3 : null)

describe('a filter', () => {
  const filters: Filter[] = [
    ALL,
    { agent: 'goose', span: { kind: 'session' } },
    { agent: PERSON, span: { kind: 'unseen' } },
    { agent: null, span: { kind: 'turn', taskId: 't3' } },
  ]

  test.each(filters)('survives the address: %o', (filter) => {
    expect(filterOf(searchOf(filter))).toEqual(filter)
  })

  test('leaves nothing in the address when it hides nothing', () => {
    expect(searchOf(ALL)).toEqual({})
    expect(isWhole(ALL)).toBe(true)
  })

  test('asks the server in its words', () => {
    expect(queryOf(ALL)).toEqual({})
    expect(queryOf({ agent: PERSON, span: { kind: 'unseen' } })).toEqual({ agent: 'person', since: 'seen' })
    expect(queryOf({ agent: 'goose', span: { kind: 'turn', taskId: 't3' } })).toEqual({ agent: 'goose', task_id: 't3' })
  })

  test('is said in words', () => {
    expect(filterWords(ALL, turn)).toBe('')
    expect(filterWords({ agent: 'goose', span: { kind: 'turn', taskId: 't3' } }, turn)).toBe('by goose in turn 3')
    expect(filterWords({ agent: PERSON, span: { kind: 'unseen' } }, turn)).toBe('by you since you last looked')
    expect(filterWords({ agent: null, span: { kind: 'turn', taskId: 'gone' } }, turn)).toBe('in an earlier turn')
  })
})
