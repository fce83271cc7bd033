// Lines are told apart by their dash too, not only by their colour.

import { agentColour } from '@/agents/agent'
import type { Series } from './usage-sums'

const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2], [12, 5]]

export function dashOf(index: number): readonly number[] {
  return DASHES[index % DASHES.length] ?? []
}

/** The name of the CSS variable. */
export function colourOf(series: Series, index: number): string {
  if (series.agent !== null) return `--rh-agent${agentColour(series.agent)}`
  return index === 0 ? '--rh-run' : '--rh-brand'
}
