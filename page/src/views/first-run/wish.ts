// What a first session needs, and what is chosen where nothing was said.

import type { AgentInfo } from '@/api/types'

export const DEMO_PROMPT = 'Say hello and leave a note'

export function usable(agent: AgentInfo): boolean {
  return agent.installed && agent.enabled
}

/** A real agent before the demo one, one without a complaint before others. */
export function firstChoice(agents: readonly AgentInfo[]): string | null {
  const rank = (agent: AgentInfo) => (agent.name === 'demo' ? 2 : 0) + (agent.diagnostic === null ? 0 : 1)
  return agents.filter(usable).toSorted((a, b) => rank(a) - rank(b))[0]?.name ?? null
}

export interface Missing {
  readonly path: string | null
  readonly input: string | null
}

/** What to say at the boxes that are still empty. Whether a folder fits is for the server to say. */
export function missingOf({ path, input }: { path: string; agent: string | null; input: string }): Missing {
  return {
    path: path.trim() === '' ? 'Which folder? Its whole path, such as /home/me/project.' : null,
    input: input.trim() === '' ? 'What should be done?' : null,
  }
}
