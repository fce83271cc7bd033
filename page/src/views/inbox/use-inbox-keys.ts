// The keys of the inbox. Those of an entry act while it is the current one.

import { useEffect, useMemo, useRef } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'

const GROUP = 'Inbox'
const NONE: readonly Shortcut[] = []

export function linkIdOf(entryId: string): string {
  return `inbox-${entryId}`
}

export function useEntryKeys(key: string, what: string, run: () => unknown, current: boolean): void {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  const shortcuts = useMemo<readonly Shortcut[]>(
    () => (current ? [{ keys: key, what, group: GROUP, run: () => void latest.current() }] : NONE),
    [key, what, current],
  )
  useShortcuts(shortcuts)
}

/** Steps through the entries, and takes the focus along. */
export function useSteps(ids: readonly string[], current: string | null): void {
  const latest = useRef({ ids, current })
  useEffect(() => {
    latest.current = { ids, current }
  })
  const shortcuts = useMemo<readonly Shortcut[]>(() => {
    const step = (by: number) => () => {
      const { ids: all, current: from } = latest.current
      const at = from === null ? -1 : all.indexOf(from)
      const to = all[Math.min(all.length - 1, Math.max(0, at + by))]
      if (to !== undefined) document.getElementById(linkIdOf(to))?.focus()
    }
    return [
      { keys: 'j', what: 'Next entry', group: GROUP, run: step(1) },
      { keys: 'k', what: 'Entry before', group: GROUP, run: step(-1) },
    ]
  }, [])
  useShortcuts(shortcuts)
}
