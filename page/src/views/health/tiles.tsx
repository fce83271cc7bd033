import type { Health, UsageLine } from '@/api/types'
import { bytes, count, duration } from '@/components/time'
import { money } from './format'
import { busiest, totalsOf } from './usage-sums'

interface Tile {
  readonly label: string
  readonly value: string
  readonly about?: string
}

/** The numbers that one looks for first. `usage` is undefined while it is read, null where it could not be. */
export function Tiles({ health, usage, range }: { health: Health; usage: readonly UsageLine[] | undefined | null; range: number }) {
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line sm:grid-cols-4 lg:grid-cols-7">
      {[...now(health), ...used(usage, range)].map((tile) => (
        <div key={tile.label} className="bg-raise px-3 py-2.5 last:max-sm:col-span-2 last:sm:max-lg:col-span-2">
          <dt className="text-meta text-dim">{tile.label}</dt>
          <dd className="tabular mt-0.5 font-mono text-talk font-semibold whitespace-nowrap">{tile.value}</dd>
          <dd className="mt-0.5 text-meta text-dim">{tile.about ?? '\u00A0'}</dd>
        </div>
      ))}
    </dl>
  )
}

function now(health: Health): Tile[] {
  const processes = health.nodes.flatMap((node) => node.processes)
  const sum = (pick: (node: Health['nodes'][number]) => number) => health.nodes.reduce((all, node) => all + pick(node), 0)
  return [
    { label: 'Running turns', value: String(sum((node) => node.running)) },
    { label: 'Warm agents', value: String(sum((node) => node.warm)), about: `${processes.filter((one) => !one.busy).length} idle` },
    { label: 'Memory', value: bytes(sum((node) => node.rss_bytes)), about: 'runners and agents' },
  ]
}

function used(usage: readonly UsageLine[] | undefined | null, range: number): Tile[] {
  if (!usage) return ['Turns', 'Cost', 'Tokens in / out', 'Turn time p50 / p95'].map((label) => ({ label, value: usage === null ? '–' : '…' }))
  const totals = totalsOf(usage)
  const most = busiest(usage)
  const tokens = totals.tokensIn === null ? '–' : `${count(totals.tokensIn)} / ${count(totals.tokensOut ?? 0)}`
  return [
    { label: 'Turns', value: String(totals.turns), about: totals.failed > 0 ? `${totals.failed} failed` : `${range} days` },
    { label: 'Cost', value: money(totals.costUsd), about: totals.costUsd === null ? 'no agent says' : `${range} days` },
    { label: 'Tokens in / out', value: tokens, about: totals.tokensIn === null ? 'no agent says' : `${range} days` },
    {
      label: 'Turn time p50 / p95',
      value: most?.ms_p50 === undefined || most.ms_p50 === null ? '–' : `${duration(most.ms_p50)} / ${duration(most.ms_p95 ?? most.ms_p50)}`,
      ...(most && { about: usage.length > 1 ? `${most.agent}, the busiest` : most.agent }),
    },
  ]
}
