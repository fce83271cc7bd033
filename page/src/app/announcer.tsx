// The one polite live region. It tells of states, never of tokens.

import { create } from 'zustand'

const useAnnouncement = create<{ text: string }>()(() => ({ text: '' }))

/** Has screen readers say `text` when they are done with what they say. */
export function announce(text: string): void {
  // The same text twice is silent unless something changes.
  useAnnouncement.setState((now) => ({ text: now.text === text ? `${text}\u00A0` : text }))
}

export function Announcer() {
  const text = useAnnouncement((now) => now.text)
  return <div className="sr-only" aria-live="polite" aria-atomic>{text}</div>
}
