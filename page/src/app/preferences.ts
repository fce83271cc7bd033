// What a person chose for this browser: kept in its storage, where that is allowed.

import { create } from 'zustand'

interface Preferences {
  railWidth: number
  panelShare: number
  panelOpen: boolean
  /** The changes take the room of the conversation, too. */
  panelFull: boolean
  /** Single letters act as keys. Some people's input methods cannot live with that. */
  letterKeys: boolean
  lastAgent: string | null
  /** The desktop tells when something waits and nobody looks. */
  notify: boolean
  set: (change: Partial<Omit<Preferences, 'set'>>) => void
}

const KEY = 'roundhouse.preferences'

export const usePreferences = create<Preferences>()((set) => ({
  railWidth: 272, panelShare: 46, panelOpen: true, panelFull: false, letterKeys: true, lastAgent: null, notify: false, set, ...kept(),
}))

usePreferences.subscribe(({ set: _, ...state }) => {
  try {
    localStorage.setItem(KEY, JSON.stringify({ state }))
  } catch {
    // No storage, or a full one: they last as long as the tab.
  }
})

function kept(): Partial<Preferences> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof found === 'object' && found !== null && 'state' in found ? (found.state as Partial<Preferences>) : {}
  } catch {
    return {}
  }
}
