// Light, dark, or as the system is. `public/theme.js` applies the same choice before the first paint.

import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'roundhouse.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

export function theme(): Theme {
  try {
    const chosen = localStorage.getItem(KEY)
    return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
  } catch {
    return 'system'
  }
}

export function setTheme(chosen: Theme): void {
  try {
    if (chosen === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, chosen)
  } catch {
    // Not kept then, but shown.
  }
  apply(chosen)
  for (const listener of listeners) listener()
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, theme)
}

/** Follows the system, and other tabs. */
export function followTheme(): void {
  dark.addEventListener('change', () => apply(theme()))
  addEventListener('storage', (event) => {
    if (event.key !== KEY) return
    apply(theme())
    for (const listener of listeners) listener()
  })
}

function apply(chosen: Theme): void {
  const isDark = chosen === 'dark' || (chosen === 'system' && dark.matches)
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light'
}
