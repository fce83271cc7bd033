import type { ReactNode } from 'react'

/** Something wider than a phone, such as a table: scrolled sideways, with the arrow keys too. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  return <section aria-label={label} tabIndex={0} className="relative overflow-x-auto">{children}</section>
}
