// The address of the tab, as React reads it.

import { useSyncExternalStore } from 'react'

const MOVED = 'roundhouse:moved'

/** Goes to an address of the page without loading it anew. */
export function go(href: string, replace = false): void {
  if (replace) history.replaceState(null, '', href)
  else history.pushState(null, '', href)
  dispatchEvent(new Event(MOVED))
}

export function useLocation(read: () => string): string {
  return useSyncExternalStore(listen, read)
}

function listen(listener: () => void): () => void {
  const kinds = ['popstate', 'hashchange', MOVED]
  for (const kind of kinds) addEventListener(kind, listener)
  return () => kinds.forEach((kind) => removeEventListener(kind, listener))
}
