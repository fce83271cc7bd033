// From the lines of `/api/usage` to what the tiles and plots show.

import type { UsageLine } from '@/api/types'

const DAY = 86_400_000

/** Null: no agent says. */
export interface Totals {
  readonly turns: number
  readonly failed: number
  readonly costUsd: number | null
  readonly tokensIn: number | null
  readonly tokensOut: number | null
}

export function totalsOf(lines: readonly UsageLine[]): Totals {
  return {
    turns: lines.reduce((sum, line) => sum + line.turns, 0),
    failed: lines.reduce((sum, line) => sum + line.failed, 0),
    costUsd: sumOf(lines.map((line) => line.cost_usd)),
    tokensIn: sumOf(lines.map((line) => line.tokens_in)),
    tokensOut: sumOf(lines.map((line) => line.tokens_out)),
  }
}

/** The agent with the most turns. Percentiles of several agents cannot be added up, so one speaks for itself. */
export function busiest(lines: readonly UsageLine[]): UsageLine | null {
  return lines.reduce<UsageLine | null>((found, line) => (found === null || line.turns > found.turns ? line : found), null)
}

export interface Series {
  readonly label: string
  /** Whose colour it has; null where a line is of no single agent. */
  readonly agent: string | null
  /** One for each day; null: nobody said, or nothing ran. */
  readonly values: readonly (number | null)[]
}

export interface Days {
  /** `2026-11-24`, without gaps, the last is today (UTC). */
  readonly keys: readonly string[]
  readonly agents: readonly string[]
  readonly at: (day: string, agent: string) => UsageLine | undefined
}

export function daysOf(lines: readonly UsageLine[], days: number, now: number): Days {
  const found = new Map(lines.map((line) => [`${line.key} ${line.agent}`, line]))
  // The range ends within today and so begins within the day that many days before.
  const keys = Array.from({ length: days + 1 }, (_, index) => new Date(now - (days - index) * DAY).toISOString().slice(0, 10))
  return {
    keys,
    agents: [...new Set(lines.map((line) => line.agent))].toSorted(),
    at: (day, agent) => found.get(`${day} ${agent}`),
  }
}

export function turnsPerDay(days: Days): Series[] {
  return perAgent(days, (line) => line?.turns ?? 0)
}

export function costPerDay(days: Days): Series[] {
  return perAgent(days, (line) => (line === undefined ? 0 : line.cost_usd))
}

export function tokensPerDay(days: Days): Series[] {
  const of = (pick: (line: UsageLine) => number | null) =>
    days.keys.map((day) => days.agents.reduce((sum, agent) => {
      const line = days.at(day, agent)
      return sum + (line ? (pick(line) ?? 0) : 0)
    }, 0))
  return [
    { label: 'in', agent: null, values: of((line) => line.tokens_in) },
    { label: 'out', agent: null, values: of((line) => line.tokens_out) },
  ]
}

export function medianPerDay(days: Days): Series[] {
  return perAgent(days, (line) => line?.ms_p50 ?? null)
}

export function tailPerDay(days: Days): Series[] {
  return perAgent(days, (line) => line?.ms_p95 ?? null)
}

function perAgent(days: Days, pick: (line: UsageLine | undefined) => number | null): Series[] {
  return days.agents.map((agent) => ({ label: agent, agent, values: days.keys.map((day) => pick(days.at(day, agent))) }))
}

function sumOf(values: readonly (number | null)[]): number | null {
  const said = values.filter((value) => value !== null)
  return said.length === 0 ? null : said.reduce((sum, value) => sum + value, 0)
}
