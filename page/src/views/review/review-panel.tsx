import { useQuery, useQueryClient } from '@tanstack/react-query'
import { keptSearch, navigate, useSessionSearch } from '@/app/routing'
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { tasksQuery } from '@/api/queries'
import { announce } from '@/app/announcer'
import { useLine } from '@/app/reconnect-bar'
import { Button } from '@/components/button'
import { Empty } from '@/components/empty'
import { Ring } from '@/components/ring'
import { Skeleton } from '@/components/skeleton'
import { useSession } from '@/views/session/session-context'
import { takeBack } from './apply-dialog'
import { hunkAuthors, authorName } from './author'
import { CodeList, type CodeHandle } from './code-list'
import { Dialogs } from './dialogs'
import { ALL, filterOf, filterWords, isWhole, searchOf } from './filter'
import { FindBar } from './find-bar'
import type { Hit } from './find'
import { counted } from './letters'
import { PanelFoot } from './panel-foot'
import { PanelHead } from './panel-head'
import { commentsQuery } from './queries'
import { type Review, ReviewContext } from './review-context'
import { createReviewStore } from './review-store'
import { Trouble } from './trouble'
import { turnNumbers } from './turn-numbers'
import { useFiles } from './use-files'
import { useNews } from './use-news'
import { useReviewKeys } from './use-review-keys'
import { renewChanges, useVerdicts } from './use-verdicts'
import { type Stop, anchorOf, heir, stopKey, stopsOf } from './walk'

const NO_COMMENTS: never[] = []

/** What the session changed, who wrote each line, and what to do with it. */
export function ReviewPanel({ onClose }: { onClose: () => void }) {
  const session = useSession()
  const client = useQueryClient()
  const { agent = null, turn = null } = useSessionSearch()
  const filter = useMemo(() => filterOf({ ...(agent !== null && { agent }), ...(turn !== null && { turn }) }), [agent, turn])
  const setFilter = useCallback((next: typeof filter) => {
    navigate({ to: '/sessions/$sessionId', params: { sessionId: session.id }, search: { ...keptSearch(location.search), ...searchOf(next) }, replace: true })
  }, [session.id])
  const [store] = useState(createReviewStore)
  useNews()
  const { query, head, files, huge, isFolded } = useFiles(session.id, filter, store)
  const comments = useQuery(commentsQuery(session.id)).data ?? NO_COMMENTS
  const tasks = useQuery(tasksQuery(session.id)).data
  const turnNumber = useMemo(() => turnNumbers(tasks ?? []), [tasks])
  const verdicts = useVerdicts(session.id, filter, head?.head ?? null)
  const line = useLine()
  const blocked = line.state === 'lost' && line.attempts > 1 ? 'There is no connection to the server now.' : null
  const running = tasks?.find((task) => task.id === session.running_task)?.agent ?? 'An agent'
  const busy = blocked ?? (session.running_task === null ? null : `${running} is working. Reject, commit and restore wait until its turn is over.`)
  const finding = useStore(store, (state) => state.finding)

  const handle = useRef<CodeHandle>(null)
  const stops = useMemo(() => stopsOf(files, isFolded), [files, isFolded])
  const known = useRef<readonly Stop[]>(stops)
  useEffect(() => {
    store.setState((state) => ({ current: heir(known.current, stops, state.current) }))
    known.current = stops
  }, [stops, store])

  const goTo = useCallback((stop: Stop) => {
    store.setState({ current: stopKey(stop) })
    if (stop.hunk === null) {
      handle.current?.scrollTo({ type: 'item', id: stop.path, align: 'start' })
      announce(stop.path)
      return
    }
    const place = anchorOf(stop.hunk)
    handle.current?.scrollTo({ type: 'line', id: stop.path, lineNumber: place.line, side: place.side === 'old' ? 'deletions' : 'additions', align: 'center' })
    announce(`${stop.path} line ${place.line}, ${hunkAuthors(stop.hunk).map(authorName).join(' and ')}`)
  }, [store])
  const showHit = useCallback((hit: Hit) => {
    const side = hit.side === 'old' ? 'deletions' : 'additions'
    handle.current?.scrollTo({ type: 'line', id: hit.path, lineNumber: hit.line, side, align: 'center' })
    handle.current?.setSelectedLines({ id: hit.path, range: { start: hit.line, end: hit.line, side, endSide: side } })
  }, [])

  const base = `${session.base_ref ?? 'HEAD'}${session.base_commit === null ? '' : `@${session.base_commit.slice(0, 8)}`}`
  const accepted = head !== null && head.base !== head.reviewed
  const review = useMemo<Review>(() => ({
    session, filter, setFilter, files, comments, store, verdicts, blocked, busy, turnNumber, isFolded, goTo, base, accepted,
  }), [accepted, base, blocked, busy, comments, files, filter, goTo, isFolded, session, setFilter, store, turnNumber, verdicts])
  useReviewKeys(review, stops)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'f' || !(event.ctrlKey || event.metaKey) || event.altKey) return
    event.preventDefault()
    store.setState({ finding: true })
  }
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage({ cancelRefetch: false })
  }, [fetchNextPage, hasNextPage, isFetchingNextPage])
  const complete = !hasNextPage
  const shares = head?.totals.agents ?? []
  return (
    <ReviewContext value={review}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- it hears the keys of what is inside */}
      <div className="@container flex min-h-0 grow flex-col" onKeyDown={onKeyDown}>
        <PanelHead
          totals={head?.totals ?? null} readAt={query.dataUpdatedAt} onClose={onClose}
          onUndoApply={() => void takeBack(session.id).finally(() => renewChanges(client, session.id))}
        />
        {finding && <FindBar onHit={showHit} complete={complete} />}
        <div className="relative min-h-0 grow">
          {query.isPending && <Skeleton rows={6} label="Loading the changes" />}
          {query.isError && head === null && (
            <Trouble error={query.error} onRetry={() => void query.refetch()} onCheckpoints={() => store.setState({ dialog: 'checkpoints' })} />
          )}
          {head !== null && files.length === 0 && <Nothing review={review} />}
          {files.length > 0 && head !== null && (
            <CodeList
              handle={handle} onNearEnd={complete ? null : onNearEnd}
              header={huge ? <HugeNote files={head.totals.files} lines={head.totals.additions + head.totals.deletions} /> : null}
              footer={complete ? null : (
                <div className="flex justify-center p-3">
                  {isFetchingNextPage ? <Ring size={16} /> : <Button onClick={onNearEnd}>Show more of {counted(head.totals.files, 'file')}</Button>}
                </div>
              )}
            />
          )}
        </div>
        {head !== null && <PanelFoot shares={shares} complete={complete} />}
        <Dialogs shares={shares} complete={complete} />
      </div>
    </ReviewContext>
  )
}

function HugeNote({ files, lines }: { files: number; lines: number }) {
  return (
    <p className="border-b border-line bg-panel px-4 py-2 text-dim">
      {lines.toLocaleString('en')} lines in {counted(files, 'file')}. Files open when you press them.
    </p>
  )
}

function Nothing({ review }: { review: Review }) {
  const { filter, setFilter, base, accepted, turnNumber } = review
  if (!isWhole(filter)) {
    return (
      <Empty title={`No changes ${filterWords(filter, turnNumber)}`}>
        <Button onClick={() => setFilter(ALL)}>Show all changes</Button>
      </Empty>
    )
  }
  if (accepted) return <Empty title="Everything is reviewed">What you accepted is not in your checkout yet. Apply it, or commit it on the session's branch.</Empty>
  return <Empty title={`No changes against ${base}`}>What agents change in the worktree shows up here after each turn.</Empty>
}
