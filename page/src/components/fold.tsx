import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'

/** Something long under one line that opens it. */
export function Fold({ summary, children }: { summary: string; children: ReactNode }) {
  return (
    <details className="group text-dim">
      <summary className="touch inline-flex cursor-pointer list-none items-center gap-1 rounded-control hover:text-fg [&::-webkit-details-marker]:hidden">
        <ChevronRight size={13} aria-hidden className="transition-transform group-open:rotate-90" />{summary}
      </summary>
      {children}
    </details>
  )
}
