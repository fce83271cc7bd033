import type { UsageLine } from '@/api/types'
import { count, duration } from '@/components/time'
import { money } from './format'
import { PlotCard } from './plot-card'
import { type Series, costPerDay, daysOf, medianPerDay, tailPerDay, tokensPerDay, totalsOf, turnsPerDay } from './usage-sums'

const whole = (value: number) => (Number.isInteger(value) ? String(value) : '')

/** What turns used, day by day. */
export function UsagePlots({ lines, range, now }: { lines: readonly UsageLine[]; range: number; now: number }) {
  const days = daysOf(lines, range, now)
  const turns = turnsPerDay(days)
  const cost = costPerDay(days)
  const tokens = tokensPerDay(days)
  const totals = totalsOf(lines)
  const median = medianPerDay(days)
  const tail = tailPerDay(days).map((line) => ({ ...line, label: `${line.label} p95` }))
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      <PlotCard title="Turns per day" summary={summed(turns, whole)} days={days.keys} series={turns} format={whole} />
      <PlotCard title="Cost per day" summary={totals.costUsd === null ? 'No agent says what it costs.' : summed(cost, money)} days={days.keys} series={cost} format={money} />
      <PlotCard title="Tokens per day" summary={summed(tokens, count)} days={days.keys} series={tokens} format={count} />
      <PlotCard
        title="Median time of a turn" summary="The middle of all turns of a day. The table has the slow ones too."
        days={days.keys} series={median} more={tail} format={duration}
      />
    </div>
  )
}

function summed(series: readonly Series[], format: (value: number) => string): string {
  const parts = series.map((line) => `${line.label} ${format(line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0))}`)
  return `In all: ${parts.join(', ')}.`
}
