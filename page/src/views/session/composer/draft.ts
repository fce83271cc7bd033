// What is being written, per session: in this browser, so that a reload or a look elsewhere loses nothing.

import { useCallback, useState } from 'react'

const KEEP_AFTER = 300

export function useDraft(sessionId: string): readonly [string, (text: string) => void] {
  const key = `roundhouse.draft.${sessionId}`
  const [text, setText] = useState(() => read(key))
  const change = useCallback((now: string) => {
    setText(now)
    keepLater(key, now)
  }, [key])
  return [text, change]
}

const timers = new Map<string, ReturnType<typeof setTimeout>>()

function keepLater(key: string, text: string): void {
  clearTimeout(timers.get(key))
  timers.set(key, setTimeout(() => keep(key, text), KEEP_AFTER))
}

function keep(key: string, text: string): void {
  timers.delete(key)
  try {
    if (text === '') localStorage.removeItem(key)
    else localStorage.setItem(key, text)
  } catch {
    // No storage, or a full one: the draft lives as long as the view.
  }
}

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}
