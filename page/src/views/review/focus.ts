// Where the focus goes when what had it is gone: to the list, whose keys go on from there.

const LIST = '.review-code'

function listOf(element: Element | null): HTMLElement | null {
  return element?.closest<HTMLElement>(LIST) ?? null
}

export function focusList(inside: Element | null): void {
  listOf(inside)?.focus({ preventScroll: true })
}

/** Gives what brings the focus back if it is lost meanwhile. */
export function holdFocus(): () => void {
  const list = listOf(document.activeElement)
  return () => {
    if (list !== null && document.activeElement === document.body) list.focus({ preventScroll: true })
  }
}
