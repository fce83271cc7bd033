import { useIsFetching, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@/app/routing'
import { RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { explain } from '@/api/error'
import { keys } from '@/api/keys'
import { agentsQuery, healthQuery } from '@/api/queries'
import { useLine } from '@/app/reconnect-bar'
import { ViewHeader } from '@/app/view-header'
import { Button, IconButton, buttonClass } from '@/components/button'
import { Notice } from '@/components/notice'
import { Section } from '@/components/section'
import { Segmented } from '@/components/segmented'
import { Skeleton } from '@/components/skeleton'
import { timeOfDay } from '@/components/time'
import { PartsList } from './parts-list'
import { Processes } from './processes'
import { usageQuery } from './queries'
import { Tiles } from './tiles'
import { UsagePlots } from './usage-plots'

const RANGES = ['7', '30', '90'] as const
type Range = (typeof RANGES)[number]

export function HealthView() {
  const [range, setRange] = useState<Range>('7')
  const client = useQueryClient()
  const refresh = () => Promise.all([
    client.invalidateQueries({ queryKey: keys.health }), client.invalidateQueries({ queryKey: ['usage'] }), client.invalidateQueries({ queryKey: keys.agents }),
  ])
  const fetching = useIsFetching({ queryKey: ['usage'] }) > 0
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Health and usage">
        <span className="grow" />
        <IconButton label="Refresh" onClick={() => void refresh()}><RefreshCw size={14} aria-hidden className={fetching ? 'animate-arc' : ''} /></IconButton>
      </ViewHeader>
      <div className="min-h-0 grow overflow-y-auto px-4 py-4 lg:px-6">
        <div className="mx-auto max-w-6xl space-y-6"><Body range={range} setRange={setRange} onRetry={refresh} /></div>
      </div>
    </div>
  )
}

function Body({ range: chosen, setRange, onRetry }: { range: Range; setRange: (range: Range) => void; onRetry: () => Promise<unknown> }) {
  const range = Number(chosen)
  const health = useQuery(healthQuery)
  const agents = useQuery(agentsQuery)
  const byAgent = useQuery(usageQuery('agent', range))
  const byDay = useQuery(usageQuery('day', range))
  const offline = useLine().state === 'lost'
  const usageError = byDay.error ?? byAgent.error
  const stale = health.isError && health.data !== undefined
  if (health.isPending) return <Skeleton rows={5} label="Loading the health" />
  return (
    <>
      {health.isError && (
        <Notice tone="fail" title="The health could not be read" actions={<Button onClick={() => void onRetry()}>Try again</Button>}>
          {explain(health.error)}{stale && ` What you see is from ${timeOfDay(health.dataUpdatedAt)}.`}
        </Notice>
      )}
      {health.data && (
        <>
          {health.data.problems.map((problem) => <Notice key={problem} tone="need" title={problem} />)}
          <Tiles health={health.data} usage={byAgent.data ?? (byAgent.isError ? null : undefined)} range={range} />
        </>
      )}
      <Section
        title="Usage" about="What the turns that ended in this time used, as far as agents say it."
        actions={<Segmented label="Time shown" value={chosen} onChange={setRange} segments={RANGES.map((days) => ({ value: days, label: `${days} days` }))} />}
      >
        {byDay.isPending && <Skeleton rows={6} label="Loading the usage" />}
        {usageError && <Notice tone="fail" title="The usage could not be read" actions={<Button onClick={() => void onRetry()}>Try again</Button>}>{explain(usageError)}</Notice>}
        {byDay.data?.length === 0 && <NoTurns range={range} />}
        {byDay.data && byDay.data.length > 0 && <UsagePlots lines={byDay.data} range={range} now={byDay.dataUpdatedAt} />}
      </Section>
      {health.data && (
        <div className="grid items-start gap-6 *:min-w-0 lg:grid-cols-[3fr_2fr]">
          <Section title="Processes"><Processes processes={health.data.nodes.flatMap((node) => node.processes)} offline={offline} /></Section>
          <Section title="Parts"><PartsList health={health.data} agents={agents.data} /></Section>
        </div>
      )}
    </>
  )
}

function NoTurns({ range }: { range: number }) {
  return (
    <div className="rounded-card border border-line bg-raise px-3 py-8 text-center text-dim">
      <p>No turn ended in the last {range} days.</p>
      <p className="mt-3"><Link to="/" className={buttonClass('plain')}>New session</Link></p>
    </div>
  )
}
