// Who wrote a line, as it is drawn and as it is said.

import { type AgentColour, agentColour, agentLetter } from '@/agents/agent'
import type { FileChange, Hunk } from './shapes'

/** How the server names a person: no agent. */
export type Author = string | null

export interface AuthorMark {
  readonly letter: string
  readonly tone: AgentColour | 'you'
  /** `claude, turn 14` */
  readonly words: string
}

export function authorName(author: Author): string {
  return author ?? 'you'
}

export function authorMark(author: Author, turn: number | null): AuthorMark {
  if (author === null) return { letter: 'Y', tone: 'you', words: 'you' }
  return {
    letter: agentLetter(author), tone: agentColour(author), words: turn === null ? author : `${author}, turn ${turn}`,
  }
}

/** `71 %`; what is there is never called 0. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100)
  return rounded === 0 && share > 0 ? '< 1 %' : `${rounded} %`
}

/** The authors of a hunk's changed lines, the most lines first. */
export function hunkAuthors(hunk: Hunk): Author[] {
  const lines = new Map<Author, number>()
  for (const line of hunk.lines) {
    if (line.kind !== 'context') lines.set(line.agent, (lines.get(line.agent) ?? 0) + 1)
  }
  return [...lines].toSorted((a, b) => b[1] - a[1]).map(([author]) => author)
}

export function fileAuthors(file: FileChange): Author[] {
  return file.agents.map((share) => share.name)
}
