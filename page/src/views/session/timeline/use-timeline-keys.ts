// Reading by keys: the row that was stepped to has the focus, so that what acts on it is found there.

import type { Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useMemo } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'
import type { Row } from '@/timeline/rows'

type List = Virtualizer<HTMLDivElement, Element>

const GROUP = 'Conversation'

export function useTimelineKeys(list: List, rows: readonly Row[], scroller: RefObject<HTMLDivElement | null>, toLatest: () => void): void {
  const shortcuts = useMemo<Shortcut[]>(() => {
    const go = (index: number) => {
      if (index < 0 || index >= rows.length) return
      list.scrollToIndex(index, { align: 'auto' })
      // A row that was far away is in the document only after the next frame.
      requestAnimationFrame(() => requestAnimationFrame(() => rowAt(scroller.current, index)?.focus({ preventScroll: true })))
    }
    const step = (by: 1 | -1) => () => {
      const from = current(scroller.current)
      go(from === null ? inSight(list, by) : from + by)
    }
    const turn = (by: 1 | -1) => () => {
      let index = (current(scroller.current) ?? inSight(list, -1)) + by
      while (index >= 0 && index < rows.length && rows[index]?.kind !== 'prompt') index += by
      go(index)
    }
    const toggle = () => {
      const index = current(scroller.current)
      if (index !== null) rowAt(scroller.current, index)?.querySelector<HTMLElement>('[data-step]:not(:disabled)')?.click()
    }
    return [
      { keys: 'j', what: 'Next step', group: GROUP, run: step(1) },
      { keys: 'k', what: 'Previous step', group: GROUP, run: step(-1) },
      { keys: 'Shift+J', what: 'Next turn', group: GROUP, run: turn(1) },
      { keys: 'Shift+K', what: 'Previous turn', group: GROUP, run: turn(-1) },
      { keys: 'o', what: 'Open or close the step', group: GROUP, run: toggle },
      { keys: 'End', what: 'Latest', group: GROUP, run: toLatest },
    ]
  }, [list, rows, scroller, toLatest])
  useShortcuts(shortcuts)
}

function rowAt(scroller: HTMLElement | null, index: number): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null
}

function current(scroller: HTMLElement | null): number | null {
  const row = scroller?.contains(document.activeElement) ? document.activeElement?.closest<HTMLElement>('[data-index]') : null
  return row ? Number(row.dataset['index']) : null
}

/** Where stepping begins: the last row that can be seen going up, the first going down. */
function inSight(list: List, by: 1 | -1): number {
  const top = list.scrollOffset ?? 0
  const bottom = top + (list.scrollRect?.height ?? 0)
  const seen = list.getVirtualItems().filter((item) => item.end > top && item.start < bottom)
  return (by > 0 ? seen.at(0) : seen.at(-1))?.index ?? 0
}
