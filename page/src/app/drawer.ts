// Whether the rail is out on a narrow screen, where it covers the view.

import { create } from 'zustand'

export const useDrawer = create<{ open: boolean; set: (open: boolean) => void }>()((set) => ({
  open: false, set: (open) => set({ open }),
}))
