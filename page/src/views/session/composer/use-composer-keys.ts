import { type KeyboardEvent, type RefObject, useRef } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'
import type { CompletionHandle } from './completion-list'

const TWICE_WITHIN = 600

interface Acts {
  readonly completion: RefObject<CompletionHandle | null> | null
  readonly leave: () => void
  readonly submit: (now: boolean) => void
  readonly stop: () => void
  /** Whether there was one. */
  readonly editLast: () => boolean
}

/** The keys of the text. Those of the list that completes it come first while it is there. */
export function useComposerKeys(acts: Acts): (event: KeyboardEvent<HTMLTextAreaElement>) => void {
  const escaped = useRef(0)
  useShortcuts(LISTED)
  return (event) => {
    if (event.nativeEvent.isComposing) return
    if (acts.completion !== null && inList(event, acts.completion.current, acts.leave)) {
      event.preventDefault()
      event.stopPropagation()
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      acts.submit(event.ctrlKey || event.metaKey)
    } else if (event.key === 'Escape') {
      const now = performance.now()
      if (now - escaped.current < TWICE_WITHIN) acts.stop()
      escaped.current = now
    } else if (event.key === 'ArrowUp' && !event.altKey && event.currentTarget.value === '' && acts.editLast()) {
      event.preventDefault()
    }
  }
}

function inList(event: KeyboardEvent, list: CompletionHandle | null, leave: () => void): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false
  switch (event.key) {
    case 'ArrowDown': list?.step(1); return list !== null
    case 'ArrowUp': list?.step(-1); return list !== null
    case 'Tab':
    case 'Enter': return !event.shiftKey && (list?.take() ?? false)
    case 'Escape': leave(); return true
    default: return false
  }
}

const nothing = () => undefined

// They act in the text itself; here they are only told of.
const LISTED: Shortcut[] = [
  { keys: 'Enter', what: 'Send, or queue', group: 'Writing', run: nothing, told: true },
  { keys: 'Shift+Enter', what: 'New line', group: 'Writing', run: nothing, told: true },
  { keys: '$mod+Enter', what: 'Stop and send now', group: 'Writing', run: nothing, told: true },
  { keys: 'ArrowUp', what: 'Edit the last that waits (empty text)', group: 'Writing', run: nothing, told: true },
  { keys: 'Escape Escape', what: 'Stop the turn', group: 'Writing', run: nothing, told: true },
]
