// What part of the changes is looked at. It is kept in the address, so that a link shows the same.

import type { SessionSearch } from '@/app/routing'

/** As the server calls what a person wrote. */
export const PERSON = 'person'
const SEEN = 'seen'

export type Span = { readonly kind: 'session' | 'unseen' } | { readonly kind: 'turn'; readonly taskId: string }

export interface Filter {
  /** An agent's name, or `PERSON`; null for all. */
  readonly agent: string | null
  readonly span: Span
}

export const ALL: Filter = { agent: null, span: { kind: 'session' } }

export function filterOf(search: SessionSearch): Filter {
  const agent = search.agent ?? null
  if (search.turn === undefined) return { agent, span: { kind: 'session' } }
  return { agent, span: search.turn === SEEN ? { kind: 'unseen' } : { kind: 'turn', taskId: search.turn } }
}

export function searchOf({ agent, span }: Filter): SessionSearch {
  return {
    ...(agent !== null && { agent }),
    ...(span.kind === 'unseen' && { turn: SEEN }),
    ...(span.kind === 'turn' && { turn: span.taskId }),
  }
}

export interface ChangesQuery {
  agent?: string
  task_id?: string
  since?: string
}

export function queryOf({ agent, span }: Filter): ChangesQuery {
  return {
    ...(agent !== null && { agent }),
    ...(span.kind === 'turn' && { task_id: span.taskId }),
    ...(span.kind === 'unseen' && { since: SEEN }),
  }
}

export function isWhole({ agent, span }: Filter): boolean {
  return agent === null && span.kind === 'session'
}

/** `by goose in turn 3`, `that you wrote since you last looked`; empty for all. */
export function filterWords(filter: Filter, turnNumber: (taskId: string) => number | null): string {
  const words: string[] = []
  if (filter.agent !== null) words.push(filter.agent === PERSON ? 'by you' : `by ${filter.agent}`)
  if (filter.span.kind === 'unseen') words.push('since you last looked')
  if (filter.span.kind === 'turn') words.push(`in ${turnWords(turnNumber(filter.span.taskId))}`)
  return words.join(' ')
}

export function turnWords(number: number | null): string {
  return number === null ? 'an earlier turn' : `turn ${number}`
}
