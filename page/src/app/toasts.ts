// Short messages about what was just done, or could not be.

import { create } from 'zustand'
import { explain } from '@/api/error'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly failed: boolean
  readonly action: { readonly label: string; readonly run: () => void } | null
}

interface Toasts {
  readonly shown: readonly Toast[]
  show: (text: string, more?: Partial<Omit<Toast, 'id' | 'text'>>) => void
  drop: (id: number) => void
}

const STAYS = 6000
const AT_ONCE = 4
let next = 1

export const useToasts = create<Toasts>()((set, get) => ({
  shown: [],
  show: (text, more) => {
    const toast: Toast = { id: next++, text, failed: false, action: null, ...more }
    set({ shown: [...get().shown, toast].slice(-AT_ONCE) })
    // A failure stays until it is read.
    if (!toast.failed) setTimeout(() => get().drop(toast.id), STAYS)
  },
  drop: (id) => set({ shown: get().shown.filter((toast) => toast.id !== id) }),
}))

export function toast(text: string, more?: Partial<Omit<Toast, 'id' | 'text'>>): void {
  useToasts.getState().show(text, more)
}

/** For `onError` of mutations. */
export function toastError(error: unknown): void {
  toast(explain(error), { failed: true })
}
