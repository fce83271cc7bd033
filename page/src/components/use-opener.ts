// A form that a button opens: the focus goes into it, and back to the button when it closes.

import { type RefObject, useCallback, useRef, useState } from 'react'

interface Opener {
  readonly open: boolean
  readonly toggle: () => void
  readonly close: () => void
  /** For the button. */
  readonly button: RefObject<HTMLButtonElement | null>
}

export function useOpener(): Opener {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const close = useCallback(() => {
    setOpen(false)
    button.current?.focus()
  }, [])
  return { open, toggle: () => setOpen((was) => !was), close, button }
}

/** As a form's `ref`: it was just asked for, so writing can begin. */
export function focusFirst(form: HTMLElement | null): void {
  form?.querySelector<HTMLElement>('input, select, textarea')?.focus()
}
