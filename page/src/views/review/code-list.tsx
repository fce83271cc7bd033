import { CodeView, type CodeViewAnnotationArgs, type CodeViewHandle, WorkerPoolContextProvider } from '@pierre/diffs/react'
import type { AnnotationSide } from '@pierre/diffs'
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import { CommentCard } from './comment-card'
import { CommentForm } from './comment-form'
import { FileHead } from './file-head'
import { CODE_THEME, LINE_MAX, highlighterOptions, poolOptions } from './highlighting'
import { HunkFoot } from './hunk-foot'
import { type CodeItem, Items, type Note } from './items'
import { GUTTER_CSS, paint } from './paint'
import './review.css'
import { useReview } from './review-context'
import { compose } from './review-store'
import { useAnchor } from './use-anchor'
import { usePageTheme } from './use-page-theme'

export type CodeHandle = CodeViewHandle<Note, undefined>

const HEAD_HEIGHT = 48
const LINE_HEIGHT = 19
/** Pixels before the end at which the next page is read. */
const NEAR_END = 1500

interface CodeListProps {
  handle: RefObject<CodeHandle | null>
  onNearEnd: (() => void) | null
  header: ReactNode
  footer: ReactNode
}

/** All files with their lines, of which only those in sight are drawn. */
export function CodeList({ handle, onNearEnd, header, footer }: CodeListProps) {
  const { files, comments, store, isFolded, turnNumber, base } = useReview()
  const composing = useStore(store, (state) => state.composing)
  const split = useStore(store, (state) => state.split)
  const wrap = useStore(store, (state) => state.wrap)
  const theme = usePageTheme()
  const made = useRef<Items>(null)
  made.current ??= new Items()
  const items = useMemo(
    () => made.current?.of(files, { comments, composing, isFolded, turnNumber }) ?? [],
    [comments, composing, files, isFolded, turnNumber],
  )

  const options = useMemo(() => {
    const write = (side: AnnotationSide | undefined, line: number, item: CodeItem) =>
      compose(store, { path: item.id, side: side === 'deletions' ? 'old' : 'new', line })
    return {
      theme: CODE_THEME, themeType: theme, diffStyle: split ? 'split' as const : 'unified' as const,
      overflow: wrap ? 'wrap' as const : 'scroll' as const, diffIndicators: 'bars' as const, hunkSeparators: 'line-info' as const,
      stickyHeaders: true, tokenizeMaxLineLength: LINE_MAX, unsafeCSS: GUTTER_CSS,
      itemMetrics: { diffHeaderHeight: HEAD_HEIGHT, lineHeight: LINE_HEIGHT },
      layout: { paddingTop: 0, paddingBottom: 16, gap: 0 },
      enableGutterUtility: true,
      onPostRender: (node: HTMLElement, _: unknown, phase: string, context: { item: { id: string } }) => {
        if (phase !== 'unmount') paint(node, made.current?.gutter(context.item.id))
      },
      onGutterUtilityClick: (range: { end: number; endSide?: AnnotationSide; side?: AnnotationSide }, context: { item: { id: string } }) =>
        write(range.endSide ?? range.side, range.end, context.item as CodeItem),
      onLineNumberClick: (line: { lineNumber: number; annotationSide?: AnnotationSide }, context: { item: { id: string } }) =>
        write(line.annotationSide, line.lineNumber, context.item as CodeItem),
    }
  }, [split, store, theme, wrap])

  const box = useRef<HTMLDivElement>(null)
  const scroller = useCallback((element: HTMLDivElement | null) => {
    box.current = element
    if (element === null) return
    element.tabIndex = 0
    element.role = 'region'
    element.ariaLabel = `Changes against ${base}, by file`
  }, [base])

  const keep = useAnchor(handle, items)
  const readOn = useCallback(() => {
    const element = box.current
    if (element !== null && element.scrollHeight - element.clientHeight - element.scrollTop < NEAR_END) onNearEnd?.()
  }, [onNearEnd])
  // A list that is shorter than the panel is never scrolled.
  useEffect(() => {
    const frame = requestAnimationFrame(readOn)
    return () => cancelAnimationFrame(frame)
  }, [items, readOn])
  const onScroll = useCallback((top: number) => {
    keep(top)
    readOn()
  }, [keep, readOn])

  return (
    <WorkerPoolContextProvider poolOptions={poolOptions} highlighterOptions={highlighterOptions}>
      <CodeView<Note>
        ref={handle} items={items} options={options as never} containerRef={scroller} onScroll={onScroll}
        className="review-code h-full overflow-y-auto outline-offset-[-2px]"
        renderCustomHeader={renderHead} renderAnnotation={renderNote}
        renderCodeViewHeader={() => header} renderCodeViewFooter={() => footer}
      />
    </WorkerPoolContextProvider>
  )
}

function renderHead(item: { id: string }): ReactNode {
  return <FileHead path={item.id} />
}

function renderNote(...[{ metadata: note }]: CodeViewAnnotationArgs<Note>): ReactNode {
  if (note.kind === 'hunk') return <HunkFoot path={note.path} hunkId={note.hunkId} />
  if (note.kind === 'comment') return <CommentCard commentId={note.commentId} />
  return <CommentForm place={note.place} />
}
