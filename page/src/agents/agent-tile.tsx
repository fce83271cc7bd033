import { agentColour, agentLetter } from './agent'

const TILES = { 1: 'bg-agent1', 2: 'bg-agent2', 3: 'bg-agent3', 4: 'bg-agent4' } as const

/** The letter in its colour. `named` shows the name beside it; else only screen readers hear it. */
export function AgentTile({ name, named = false }: { name: string; named?: boolean }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <span
        aria-hidden
        className={`grid size-4 shrink-0 place-items-center rounded-[3px] text-[0.625rem] leading-none font-semibold text-onagent ${TILES[agentColour(name)]}`}
      >
        {agentLetter(name)}
      </span>
      <span className={named ? 'text-dim' : 'sr-only'}>{name}</span>
    </span>
  )
}
