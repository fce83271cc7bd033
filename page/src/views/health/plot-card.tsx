import { Suspense, lazy, useCallback, useState } from 'react'
import { Button } from '@/components/button'
import { ScrollBox } from '@/components/scroll-box'
import { Skeleton } from '@/components/skeleton'
import { colourOf, dashOf } from './dashes'
import { dayName } from './format'
import type { Series } from './usage-sums'

const Plot = lazy(() => import('./plot'))

interface PlotCardProps {
  title: string
  /** What a screen reader hears in place of the lines. */
  summary: string
  days: readonly string[]
  series: readonly Series[]
  /** More columns of the table that would make the plot unreadable. */
  more?: readonly Series[]
  format: (value: number) => string
}

/** A plot, its legend, and the same as a table. */
export function PlotCard({ title, summary, days, series, more = [], format }: PlotCardProps) {
  const [table, setTable] = useState(false)
  const [at, setAt] = useState<number | null>(null)
  const onPoint = useCallback((index: number | null) => setAt(index), [])
  return (
    <figure aria-label={title} className="min-w-0 rounded-card border border-line bg-raise p-3">
      <div className="mb-2 flex items-start gap-2">
        <figcaption className="min-w-0 grow font-medium">{title}</figcaption>
        <Button aria-label={`${table ? 'Show as plot' : 'Show as table'}: ${title}`} onClick={() => setTable(!table)}>{table ? 'Show as plot' : 'Show as table'}</Button>
      </div>
      {table ? <DayTable title={title} days={days} series={[...series, ...more]} format={format} /> : (
        <>
          <Suspense fallback={<div style={{ height: 180 }}><Skeleton rows={3} label={`Loading ${title}`} /></div>}>
            <Plot days={days} series={series} format={format} onPoint={onPoint} />
          </Suspense>
          <p className="sr-only">{summary}</p>
          <Legend days={days} series={series} at={at} format={format} />
        </>
      )}
    </figure>
  )
}

function Legend({ days, series, at, format }: { days: readonly string[]; series: readonly Series[]; at: number | null; format: (value: number) => string }) {
  const day = at === null ? undefined : days[at]
  return (
    <div className="mt-1 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 pl-2 text-dim" aria-hidden>
      {series.map((line, index) => {
        const value = at === null ? null : line.values[at]
        return (
          <span key={line.label} className="inline-flex items-center gap-1.5">
            <svg width="26" height="8" viewBox="0 0 26 8" className="shrink-0">
              <path d="M1 4h24" style={{ stroke: `var(${colourOf(line, index)})` }} strokeWidth="2" strokeDasharray={dashOf(index).join(' ')} />
            </svg>
            {line.label}
            {day !== undefined && <span className="tabular text-fg">{value === null || value === undefined ? '–' : format(value)}</span>}
          </span>
        )
      })}
      {day !== undefined && <span className="tabular ml-auto">{dayName(day)}</span>}
    </div>
  )
}

/** Newest day first; days on which nothing ran are left out. */
function DayTable({ title, days, series, format }: { title: string; days: readonly string[]; series: readonly Series[]; format: (value: number) => string }) {
  const rows = days.map((day, index) => ({ day, values: series.map((line) => line.values[index] ?? null) })).filter((row) => row.values.some((value) => value !== null && value !== 0)).toReversed()
  return (
    <div className="max-h-52 overflow-y-auto">
      <ScrollBox label={`${title}, as table`}>
        <table className="tabular w-full text-right">
          <thead className="text-dim">
            <tr>
              <th scope="col" className="py-1 pr-4 text-left font-medium whitespace-nowrap">Day (UTC)</th>
              {series.map((line) => <th key={line.label} scope="col" className="py-1 pl-4 font-medium whitespace-nowrap">{line.label}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.day} className="border-t border-line">
                <th scope="row" className="py-1 pr-4 text-left font-normal whitespace-nowrap">{dayName(row.day)}</th>
                {row.values.map((value, index) => <td key={series[index]?.label} className="py-1 pl-4 whitespace-nowrap">{value === null ? '–' : format(value)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  )
}
