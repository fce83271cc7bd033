// What the panel reads. All of it hangs under the session's key, so that whatever renews the session renews this too.

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { type Filter, queryOf } from './filter'
import type { ChangeSet, FileChange } from './shapes'

const FILES = 200
const CHECKPOINTS = 50
/** Pages of one very large file; the server cuts it at 16 MB. */
const PARTS_MAX = 40

export const changesQuery = (sessionId: string, filter: Filter) => infiniteQueryOptions({
  queryKey: [...keys.changes(sessionId), queryOf(filter)],
  queryFn: ({ pageParam }) => readChanges(sessionId, { ...queryOf(filter), ...(pageParam !== null && { cursor: pageParam }) }),
  initialPageParam: null as string | null,
  getNextPageParam: (last: ChangeSet) => last.next_cursor,
  placeholderData: keepPreviousData,
  // Comparing megabytes of lines costs more than drawing what is in sight; a file's id tells whether it changed.
  structuralSharing: false,
})

/** The lines of a file that is left out of the list for its size. */
export const fileQuery = (sessionId: string, filter: Filter, path: string) => queryOptions({
  queryKey: [...keys.changes(sessionId), 'file', path, queryOf(filter)],
  queryFn: () => readFile(sessionId, filter, path),
  structuralSharing: false,
})

export const commentsQuery = (sessionId: string) => queryOptions({
  queryKey: [...keys.changes(sessionId), 'comments'],
  queryFn: async () => (await call(http.GET('/api/sessions/{session_id}/comments', {
    params: { path: { session_id: sessionId } },
  }))).items,
})

export const checkpointsQuery = (sessionId: string) => infiniteQueryOptions({
  queryKey: [...keys.changes(sessionId), 'checkpoints'],
  queryFn: ({ pageParam }) => call(http.GET('/api/sessions/{session_id}/checkpoints', {
    params: { path: { session_id: sessionId }, query: { limit: CHECKPOINTS, ...(pageParam !== null && { cursor: pageParam }) } },
  })),
  initialPageParam: null as string | null,
  getNextPageParam: (last: { next_cursor: string | null }) => last.next_cursor,
})

export const overlapsQuery = (projectId: string) => queryOptions({
  queryKey: ['project', projectId, 'overlaps'],
  queryFn: async () => (await call(http.GET('/api/projects/{project_id}/overlaps', {
    params: { path: { project_id: projectId } },
  }))).items,
  // Other sessions move it, and no frame of this one says so.
  staleTime: 0,
})

/** The pages as one list. A very large file comes in parts when it lies across pages. */
export function joined(pages: readonly ChangeSet[]): FileChange[] {
  const files = new Map<string, FileChange>()
  for (const page of pages) {
    for (const file of page.files) {
      const known = files.get(file.path)
      files.set(file.path, known === undefined ? file : { ...file, hunks: [...known.hunks, ...file.hunks] })
    }
  }
  return [...files.values()]
}

async function readFile(sessionId: string, filter: Filter, path: string): Promise<FileChange | null> {
  const pages: ChangeSet[] = []
  let cursor: string | null = null
  for (let part = 0; part < PARTS_MAX; part++) {
    const page = await readChanges(sessionId, { ...queryOf(filter), path, ...(cursor !== null && { cursor }) })
    pages.push(page)
    cursor = page.next_cursor
    if (cursor === null) break
  }
  return joined(pages).find((file) => file.path === path) ?? null
}

function readChanges(sessionId: string, query: { cursor?: string; path?: string }): Promise<ChangeSet> {
  return call(http.GET('/api/sessions/{session_id}/changes', {
    params: { path: { session_id: sessionId }, query: { limit: FILES, ...query } },
  }))
}
