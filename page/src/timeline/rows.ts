// The lines of the conversation, top to bottom. What folds together is decided here, what is open by the view.

import type { Item } from './model'
import type { Timeline } from './timeline'

export type Row =
  | { readonly key: string; readonly kind: 'prompt' | 'footer'; readonly turnId: string }
  | { readonly key: string; readonly kind: 'item'; readonly turnId: string | null; readonly itemId: string }
  /** Two or more looks around in a row. */
  | { readonly key: string; readonly kind: 'looks'; readonly turnId: string; readonly itemIds: readonly string[] }

const LOOKS = new Set(['read', 'search', 'fetch'])

export function rowsOf(timeline: Timeline): Row[] {
  const rows: Row[] = []
  for (const block of timeline.blocks) {
    if (block.kind === 'note') {
      rows.push({ key: block.itemId, kind: 'item', turnId: null, itemId: block.itemId })
      continue
    }
    const { turnId } = block
    rows.push({ key: `h${turnId}`, kind: 'prompt', turnId })
    addItems(rows, timeline, turnId)
    rows.push({ key: `f${turnId}`, kind: 'footer', turnId })
  }
  return rows
}

function addItems(rows: Row[], timeline: Timeline, turnId: string): void {
  let looks: string[] = []
  const flush = () => {
    const [first, ...more] = looks
    if (first !== undefined && more.length > 0) {
      rows.push({ key: `l${first}`, kind: 'looks', turnId, itemIds: looks })
    } else if (first !== undefined) {
      rows.push({ key: first, kind: 'item', turnId, itemId: first })
    }
    looks = []
  }
  for (const itemId of timeline.turn(turnId).items) {
    const item = timeline.items.get(itemId)
    if (isLook(item)) {
      looks.push(itemId)
      continue
    }
    flush()
    rows.push({ key: itemId, kind: 'item', turnId, itemId })
  }
  flush()
}

function isLook(item: Item | undefined): boolean {
  return item?.kind === 'tool' && LOOKS.has(item.toolKind)
}
