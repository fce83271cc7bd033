// What a person chose for this browser: kept in its storage, where that is allowed.

import { create } from 'zustand'
import { createJSONStorage, persist } from 'zustand/middleware'

interface Preferences {
  railWidth: number
  panelShare: number
  panelOpen: boolean
  /** Single letters act as keys. Some people's input methods cannot live with that. */
  letterKeys: boolean
  lastAgent: string | null
  set: (change: Partial<Omit<Preferences, 'set'>>) => void
}

export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({ railWidth: 272, panelShare: 46, panelOpen: true, letterKeys: true, lastAgent: null, set }),
    {
      name: 'roundhouse.preferences',
      storage: createJSONStorage(() => localStorage),
      partialize: ({ set: _, ...kept }) => kept,
    },
  ),
)
