// The drawing of a plot. Loaded when the first plot is shown: the library is a chunk of its own.

import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { colourOf, dashOf } from './dashes'
import { dayName } from './format'
import type { Series } from './usage-sums'

const HEIGHT = 180
const DAY = 86_400
const STEPS = [1, 2, 3, 5, 7, 10, 14, 21, 30].map((days) => days * DAY)
const FONT = '11px "Geist Variable", system-ui, sans-serif'
/** Plots with the same key share the cursor. */
const SHARED = 'health'

export interface PlotProps {
  readonly days: readonly string[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** The day under the cursor, or null. */
  readonly onPoint: (index: number | null) => void
}

export default function Plot({ days, series, format, onPoint }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const point = useRef(onPoint)
  useEffect(() => {
    point.current = onPoint
  })
  // What is polled comes as new objects that say the same; a plot under the pointer must not be made anew for them.
  const shape = JSON.stringify([days, series])
  useEffect(() => {
    const element = box.current
    if (!element) return
    const [keys, lines] = JSON.parse(shape) as [string[], Series[]]
    const plot = new uPlot(optionsOf(lines, format, element, (index) => point.current(index)), dataOf(keys, lines), element)
    const sized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    sized.observe(element)
    const themed = new MutationObserver(() => plot.redraw(false))
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => {
      sized.disconnect()
      themed.disconnect()
      plot.destroy()
    }
  }, [shape, format])
  return <div ref={box} aria-hidden style={{ height: HEIGHT }} />
}

function dataOf(keys: readonly string[], lines: readonly Series[]): uPlot.AlignedData {
  return [keys.map((key) => Date.parse(`${key}T00:00:00Z`) / 1000), ...lines.map((line) => [...line.values])]
}

function optionsOf(
  lines: readonly Series[], format: (value: number) => string, element: HTMLElement, onPoint: (index: number | null) => void,
): uPlot.Options {
  const css = (name: string) => getComputedStyle(element).getPropertyValue(name)
  const axis = { stroke: () => css('--rh-dim'), font: FONT, ticks: { show: false } }
  const grid = { stroke: () => css('--rh-line'), width: 1 }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: SHARED }, y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, incrs: STEPS, space: 64, size: 26, values: (_, at) => at.map((second) => dayName(new Date(second * 1000).toISOString().slice(0, 10))) },
      { ...axis, grid, size: 56, values: (_, at) => at.map(format) },
    ],
    series: [
      {},
      ...lines.map((line, index): uPlot.Series => ({
        label: line.label,
        width: 1.75,
        dash: [...dashOf(index)],
        spanGaps: true,
        stroke: () => css(colourOf(line, index)),
        points: { size: 4, fill: () => css(colourOf(line, index)) },
      })),
    ],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  }
}
