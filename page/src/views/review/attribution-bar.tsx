import { agentColour } from '@/agents/agent'
import { authorName, percent } from './author'
import { AuthorTile } from './author-tile'
import { PERSON } from './filter'
import { useReview } from './review-context'
import type { AgentShare } from './shapes'

const FILLS = { 1: 'bg-agent1', 2: 'bg-agent2', 3: 'bg-agent3', 4: 'bg-agent4' } as const

/** How much each wrote of what is shown. A press on a name leaves only that. */
export function AttributionBar({ shares }: { shares: readonly AgentShare[] }) {
  const { filter, setFilter } = useReview()
  if (shares.length === 0) return null
  return (
    <div className="contents">
      <span aria-hidden className="flex h-1.5 w-24 shrink-0 gap-px overflow-hidden rounded-full @max-md:w-full">
        {shares.map((share) => (
          <span
            key={share.name ?? ''} style={{ flexGrow: Math.max(share.share, 0.02) }}
            className={share.name === null ? 'bg-line2' : FILLS[agentColour(share.name)]}
          />
        ))}
      </span>
      <ul aria-label="Who wrote it" className="-ml-1 flex flex-wrap gap-x-1 gap-y-1">
        {shares.map((share) => {
          const name = share.name ?? PERSON
          const only = filter.agent === name
          return (
            <li key={name}>
              <button
                type="button" aria-pressed={only} onClick={() => setFilter({ ...filter, agent: only ? null : name })}
                title={only ? 'Show all' : `Show only what ${authorName(share.name)} wrote`}
                className="touch inline-flex h-6 cursor-pointer items-center gap-1.5 rounded-control px-1 text-meta hover:bg-panel aria-pressed:bg-panel"
              >
                <AuthorTile author={share.name} named /> <span className="tabular text-dim">{percent(share.share)}</span>
              </button>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
