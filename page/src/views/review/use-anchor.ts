import { type RefObject, useCallback, useEffect, useRef } from 'react'
import type { CodeHandle } from './code-list'
import type { CodeItem } from './items'

/** The viewer learns the height of what stands under hunks only when it has drawn it, within this time. */
const SETTLES = 700
const STILL = 1

interface Anchor {
  readonly id: string
  readonly version: number | undefined
  /** How far its top is above the panel's. */
  readonly offset: number
}

/**
 * Keeps the line under the eye where it is while files above it come and go. Inside of a file the viewer does that itself.
 * Gives what to call on every scroll.
 */
export function useAnchor(handle: RefObject<CodeHandle | null>, items: readonly CodeItem[]): (top: number) => void {
  const anchor = useRef<Anchor | null>(null)
  const settling = useRef(false)
  const top = useRef(0)
  const drawn = useRef(items)
  if (drawn.current !== items) {
    // The viewer tells of scrolling while it takes the new items in; what it tells then is where things slid to.
    drawn.current = items
    settling.current = true
  }

  const note = useCallback(() => {
    const viewer = handle.current?.getInstance()
    const first = viewer?.getRenderedItems().find(({ id, element }) => {
      const at = viewer.getTopForItem(id)
      return at !== undefined && at + element.offsetHeight > top.current
    })
    const at = first === undefined ? undefined : viewer?.getTopForItem(first.id)
    anchor.current = first === undefined || at === undefined ? null : { id: first.id, version: first.version, offset: top.current - at }
  }, [handle])

  useEffect(() => {
    const kept = anchor.current
    const element = handle.current?.getInstance()?.getContainerElement()
    const item = items.find((one) => one.id === kept?.id)
    if (kept === null || element === undefined || item === undefined || item.version !== kept.version) {
      settling.current = false
      return
    }
    const end = performance.now() + SETTLES
    let frame = 0
    const stop = () => {
      cancelAnimationFrame(frame)
      settling.current = false
      for (const event of MOVES) element.removeEventListener(event, stop)
      removeEventListener('keydown', stop)
    }
    const hold = () => {
      const now = handle.current?.getInstance()?.getTopForItem(kept.id)
      if (now === undefined || performance.now() > end) return stop()
      const slid = now + kept.offset - top.current
      // The viewer's own `scrollTo` leaves room for the file's head, which is how the line came to slide.
      if (Math.abs(slid) > STILL) element.scrollTop += slid
      frame = requestAnimationFrame(hold)
    }
    // Who moves by hand wants to be elsewhere.
    for (const event of MOVES) element.addEventListener(event, stop, { passive: true })
    addEventListener('keydown', stop)
    frame = requestAnimationFrame(hold)
    return stop
  }, [handle, items])

  return useCallback((at: number) => {
    top.current = at
    if (!settling.current) note()
  }, [note])
}

const MOVES = ['wheel', 'touchmove', 'pointerdown'] as const
