import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { Skeleton } from '@/components/skeleton'
import type { Row } from '@/timeline/rows'
import { useRows, useSession, useSessionState, useShown } from '../session-context'
import { EmptyTimeline } from './empty-timeline'
import { RowView } from './row-view'
import { useTimelineKeys } from './use-timeline-keys'

const ESTIMATE = 64
const OVERSCAN = 6
/** Pixels from the end within which new text is followed. */
const NEAR = 80
/** Pixels from the end that still count as the end: rows are measured in fractions. */
const AT_END = 24
/** Pixels from the top within which older history is asked for. */
const OLDER_AT = 600

/** The conversation. Only what is near the window is in the document; at the end it follows what comes. */
export function TimelineList() {
  const { feed } = useShown()
  const { last_seq: stored } = useSession()
  const rows = useRows()
  const { hasOlder, caughtUp } = useSessionState()
  const scroller = useRef<HTMLDivElement>(null)
  const [away, setAway] = useState(false)
  const atEnd = useRef(true)
  /** The last row that was there while the end was in sight. */
  const seen = useRef<string | null>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    overscan: OVERSCAN,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: NEAR,
    paddingStart: 24,
    paddingEnd: 24,
  })

  const toLatest = useCallback(() => {
    if (scroller.current) toBottom(scroller.current)
  }, [])
  useTimelineKeys(virtual, rows, scroller, toLatest)

  const loaded = rows.length > 0
  // A turn's end stays below what comes, so it says nothing.
  if (!away) seen.current = rows.findLast((row) => row.kind !== 'footer')?.key ?? null
  const height = virtual.getTotalSize()
  useLayoutEffect(() => {
    // The last row is below the text that grows: keeping the distance to the end is not enough.
    if (atEnd.current && scroller.current) toBottom(scroller.current)
  }, [height])

  const onScroll = () => {
    const element = scroller.current
    if (!element) return
    const left = element.scrollHeight - element.scrollTop - element.clientHeight
    atEnd.current = left <= AT_END
    setAway(left > NEAR * 2)
    if (hasOlder && element.scrollTop < OLDER_AT) feed.loadOlder().catch(toastError)
  }
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    // A question or a longer draft takes room from below; what was read last must not go under it.
    const observer = new ResizeObserver(() => atEnd.current && toBottom(element))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  return (
    <div className="relative min-h-0 grow">
      <div ref={scroller} onScroll={onScroll} role="log" aria-live="off" aria-label="Conversation" tabIndex={0} className="h-full overflow-y-auto [overflow-anchor:none]">
        {!loaded && (caughtUp && stored === 0 ? <EmptyTimeline /> : <div className="mx-auto max-w-[48rem] p-4">{!caughtUp && <Skeleton rows={5} label="Loading the conversation" />}</div>)}
        <div className="relative mx-auto w-full max-w-[48rem]" style={{ height }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                tabIndex={-1}
                className="absolute top-0 left-0 w-full px-3 -outline-offset-2 lg:px-4"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowView row={row} />
              </div>
            )
          })}
        </div>
      </div>
      {away && <LatestButton fresh={freshAfter(rows, seen.current)} onClick={toLatest} />}
    </div>
  )
}

function LatestButton({ fresh, onClick }: { fresh: number; onClick: () => void }) {
  return (
    <Button className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-pop" onClick={onClick}>
      <ArrowDown size={14} aria-hidden />{fresh > 0 ? `${fresh} new` : 'Latest'}
    </Button>
  )
}

/** How many rows came below `key`, not counting the ends of turns. */
function freshAfter(rows: readonly Row[], key: string | null): number {
  const from = key === null ? -1 : rows.findLastIndex((row) => row.key === key)
  return from < 0 ? 0 : rows.slice(from + 1).filter((row) => row.kind !== 'footer').length
}

function toBottom(element: HTMLElement): void {
  element.scrollTop = element.scrollHeight
}
