import { expect, it } from 'vitest'
import { matcherOf, ruleWords } from './rule-words'

it('reads a matcher', () => {
  expect(ruleWords({ matcher: 'execute' })).toEqual({ what: 'run commands', pattern: null })
  expect(ruleWords({ matcher: 'execute:npm *' })).toEqual({ what: 'run commands', pattern: 'npm *' })
  expect(ruleWords({ matcher: '*:https://a:8/[*]' })).toEqual({ what: 'do anything', pattern: 'https://a:8/*' })
  expect(ruleWords({ matcher: 'odd' })).toEqual({ what: 'use “odd”', pattern: null })
})

it('writes a matcher', () => {
  expect(matcherOf('execute', ' npm * ')).toBe('execute:npm *')
  expect(matcherOf('*', ' ')).toBe('*')
})
