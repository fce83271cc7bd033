// What views read. Lists are kept fresh by the socket (see `app/freshness`), so nothing here polls but health.

import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { call, http } from './client'
import { keys } from './keys'
import type { Session } from './types'

const HEALTH_EVERY = 5000
const PAGE = 200
const PAGES_MAX = 10

export const healthQuery = queryOptions({
  queryKey: keys.health,
  queryFn: () => call(http.GET('/api/health')),
  refetchInterval: HEALTH_EVERY,
})

export const agentsQuery = queryOptions({
  queryKey: keys.agents,
  queryFn: async () => (await call(http.GET('/api/agents'))).items,
})

export const projectsQuery = queryOptions({
  queryKey: keys.projects,
  queryFn: async () => (await call(http.GET('/api/projects', { params: { query: { limit: PAGE } } }))).items,
})

export const sessionsQuery = queryOptions({ queryKey: keys.sessions, queryFn: readSessions })

export const inboxQuery = queryOptions({
  queryKey: keys.inbox,
  queryFn: async () => (await call(http.GET('/api/inbox'))).items,
})

export const tasksQuery = (sessionId: string) => queryOptions({
  queryKey: keys.tasks(sessionId),
  queryFn: async () => (await call(http.GET('/api/sessions/{session_id}/tasks', {
    params: { path: { session_id: sessionId }, query: { limit: PAGE } },
  }))).items,
})

export const conversationsQuery = (sessionId: string) => queryOptions({
  queryKey: keys.conversations(sessionId),
  queryFn: () => call(http.GET('/api/sessions/{session_id}/agents', { params: { path: { session_id: sessionId } } })),
})

async function readSessions(): Promise<Session[]> {
  const found: Session[] = []
  let cursor: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) }
    const answer = await call(http.GET('/api/sessions', { params: { query } }))
    found.push(...answer.items)
    cursor = answer.next_cursor
    if (cursor === null) break
  }
  return found
}

/** Puts a changed line into the kept list; one that is archived leaves it. */
export function putSession(client: QueryClient, session: Session): void {
  client.setQueryData(sessionsQuery.queryKey, (known) => {
    if (known === undefined) return known
    const at = known.findIndex((other) => other.id === session.id)
    if (session.status === 'archived') return known.filter((other) => other.id !== session.id)
    return at < 0 ? [session, ...known] : known.with(at, session)
  })
}

export function dropSession(client: QueryClient, sessionId: string): void {
  client.setQueryData(sessionsQuery.queryKey, (known) => known?.filter((other) => other.id !== sessionId))
  client.removeQueries({ queryKey: keys.session(sessionId) })
}
