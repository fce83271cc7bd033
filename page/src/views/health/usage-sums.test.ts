import { describe, expect, it } from 'vitest'
import type { UsageLine } from '@/api/types'
import { dashOf } from './dashes'
import { dayName, money } from './format'
import { busiest, costPerDay, daysOf, medianPerDay, tokensPerDay, totalsOf, turnsPerDay } from './usage-sums'

const NOW = Date.parse('2026-11-24T12:00:00Z')

function line(over: Partial<UsageLine>): UsageLine {
  return {
    key: '2026-11-24', label: '2026-11-24', agent: 'claude', turns: 1, failed: 0,
    tokens_in: null, tokens_out: null, cost_usd: null, ms_p50: null, ms_p95: null, ...over,
  }
}

describe('totals', () => {
  it('leaves out what nobody said, and says so when nobody said anything', () => {
    const totals = totalsOf([line({ turns: 2, failed: 1, cost_usd: 0.5, tokens_in: 10 }), line({ agent: 'qwen', turns: 3 })])
    expect(totals).toEqual({ turns: 5, failed: 1, costUsd: 0.5, tokensIn: 10, tokensOut: null })
    expect(totalsOf([]).costUsd).toBeNull()
  })

  it('has the busiest agent speak for the durations', () => {
    expect(busiest([line({ turns: 2 }), line({ agent: 'goose', turns: 7 })])?.agent).toBe('goose')
    expect(busiest([])).toBeNull()
  })
})

describe('days', () => {
  it('has no gaps and ends today', () => {
    const days = daysOf([], 7, NOW)
    expect(days.keys).toHaveLength(8)
    expect(days.keys[0]).toBe('2026-11-17')
    expect(days.keys.at(-1)).toBe('2026-11-24')
  })

  it('gives each agent a line: zero turns where none ran, no duration there', () => {
    const days = daysOf([line({ turns: 4, ms_p50: 900 }), line({ key: '2026-11-22', agent: 'goose', turns: 1, cost_usd: 0.2 })], 2, NOW)
    expect(days.agents).toEqual(['claude', 'goose'])
    expect(turnsPerDay(days).map((series) => series.values)).toEqual([[0, 0, 4], [1, 0, 0]])
    expect(medianPerDay(days)[0]?.values).toEqual([null, null, 900])
    // Nothing ran costs nothing; what ran without saying its cost is unknown.
    expect(costPerDay(days).map((series) => series.values)).toEqual([[0, 0, null], [0.2, 0, 0]])
  })

  it('adds the tokens of all agents', () => {
    const days = daysOf([line({ tokens_in: 5, tokens_out: 1 }), line({ agent: 'goose', tokens_in: 7 })], 0, NOW)
    expect(tokensPerDay(days).map((series) => [series.label, series.values])).toEqual([['in', [12]], ['out', [1]]])
  })
})

describe('words and dashes', () => {
  it('writes money and days', () => {
    expect([money(6.123), money(0), money(0.004), money(null)]).toEqual(['$6.12', '$0.00', 'under $0.01', '–'])
    expect(dayName('2026-11-04')).toBe('4 Nov')
  })

  it('gives neighbours different dashes', () => {
    const dashes = [0, 1, 2, 3, 4, 5].map((index) => dashOf(index).join())
    expect(new Set(dashes).size).toBe(6)
  })
})
