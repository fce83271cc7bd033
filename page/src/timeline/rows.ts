// The lines of the conversation, top to bottom. What folds together is decided here, what is open by the view.

import type { Item } from './model'
import type { Timeline } from './timeline'

export type Row =
  | { readonly key: string; readonly kind: 'prompt' | 'footer'; readonly turnId: string }
  | { readonly key: string; readonly kind: 'item'; readonly turnId: string | null; readonly itemId: string }
  /** Two or more looks around in a row. */
  | { readonly key: string; readonly kind: 'looks'; readonly turnId: string; readonly itemIds: readonly string[] }
  /** The way of a past turn, before its last words. */
  | { readonly key: string; readonly kind: 'steps'; readonly turnId: string; readonly itemIds: readonly string[]; readonly open: boolean }

const NONE: ReadonlySet<string> = new Set()
const LOOKS = new Set(['read', 'search', 'fetch'])

/** Fewer steps than this are shown as they are. */
const FOLDED_FROM = 3

/** `unfolded`: the past turns whose steps are shown. */
export function rowsOf(timeline: Timeline, unfolded: ReadonlySet<string> = NONE): Row[] {
  const rows: Row[] = []
  for (const block of timeline.blocks) {
    if (block.kind === 'note') {
      rows.push({ key: block.itemId, kind: 'item', turnId: null, itemId: block.itemId })
      continue
    }
    const { turnId } = block
    rows.push({ key: `h${turnId}`, kind: 'prompt', turnId })
    const { steps, rest } = parted(timeline, turnId)
    if (steps.length > 0) {
      const open = unfolded.has(turnId)
      rows.push({ key: `s${turnId}`, kind: 'steps', turnId, itemIds: steps, open })
      if (open) addItems(rows, timeline, turnId, steps)
    }
    addItems(rows, timeline, turnId, rest)
    rows.push({ key: `f${turnId}`, kind: 'footer', turnId })
  }
  return rows
}

/** What of a turn folds. A turn that is not well over is shown whole: somebody has to see why. */
function parted(timeline: Timeline, turnId: string): { steps: readonly string[]; rest: readonly string[] } {
  const turn = timeline.turn(turnId)
  const last = turn.items.findLastIndex((id) => timeline.items.get(id)?.kind !== 'text')
  const steps = turn.items.slice(0, last + 1)
  if (turn.status !== 'completed' || steps.length < FOLDED_FROM) return { steps: [], rest: turn.items }
  return { steps, rest: turn.items.slice(last + 1) }
}

function addItems(rows: Row[], timeline: Timeline, turnId: string, items: readonly string[]): void {
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
  for (const itemId of items) {
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
