import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { Filter } from './filter'
import { beginsFolded, isHuge, isUnloaded } from './folding'
import { changesQuery, fileQuery, joined } from './queries'
import type { ReviewStore } from './review-store'
import type { ChangeSet, FileChange } from './shapes'

export interface Files {
  readonly query: ReturnType<typeof useChanges>
  /** The facts of the whole list, from its first page. */
  readonly head: ChangeSet | null
  readonly files: readonly FileChange[]
  readonly huge: boolean
  readonly isFolded: (file: FileChange) => boolean
}

function useChanges(sessionId: string, filter: Filter) {
  return useInfiniteQuery(changesQuery(sessionId, filter))
}

function dataOf(results: readonly { data?: FileChange | null | undefined }[]): (FileChange | null)[] {
  return results.map((result) => result.data ?? null)
}

/** The files that are loaded, with the lines of those too large for the list that were asked for. */
export function useFiles(sessionId: string, filter: Filter, store: ReviewStore): Files {
  const query = useChanges(sessionId, filter)
  const opened = useStore(store, (state) => state.opened)
  const folded = useStore(store, (state) => state.folded)
  const pages = query.data?.pages
  const listed = useMemo(() => joined(pages ?? []), [pages])
  const wanted = useMemo(() => listed.filter((file) => isUnloaded(file) && opened.has(file.path)), [listed, opened])
  const loaded = useQueries({
    queries: wanted.map((file) => fileQuery(sessionId, filter, file.path)),
    combine: dataOf,
  })
  const files = useMemo(() => {
    const whole = new Map(loaded.flatMap((file) => (file === null ? [] : [[file.path, file] as const])))
    return listed.map((file) => (isUnloaded(file) ? (whole.get(file.path) ?? file) : file))
  }, [listed, loaded])
  const head = pages?.[0] ?? null
  const huge = head !== null && isHuge(head.totals)
  const isFolded = useMemo(
    () => (file: FileChange) => folded.get(file.path) ?? beginsFolded(file, huge),
    [folded, huge],
  )
  return { query, head, files, huge, isFolded }
}
