import { useSyncExternalStore } from 'react'

/** The theme that is drawn, after the system's wish and the person's. */
export function usePageTheme(): 'light' | 'dark' {
  return useSyncExternalStore(listen, () => (document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light'))
}

function listen(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
