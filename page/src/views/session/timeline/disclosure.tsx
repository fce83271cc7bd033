import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'

type Edge = 'none' | 'run' | 'fail'

const EDGES: Record<Edge, string> = { none: 'border-line', run: 'border-run', fail: 'border-fail' }

/** One line that opens. `startsOpen` may turn true later: a step that fails opens by itself, once. */
export function Disclosure({ edge = 'none', summary, side, startsOpen = false, children }: {
  edge?: Edge
  summary: ReactNode
  side?: ReactNode
  startsOpen?: boolean
  children?: ReactNode
}) {
  const [chosen, setChosen] = useState<boolean | null>(null)
  const id = useId()
  const open = chosen ?? startsOpen
  const empty = children === undefined || children === null || children === false
  return (
    <div className={`border-l-2 pl-2.5 ${EDGES[edge]}`}>
      <button
        type="button"
        data-step
        disabled={empty}
        aria-expanded={empty ? undefined : open}
        aria-controls={open && !empty ? id : undefined}
        onClick={() => setChosen(!open)}
        className="touch flex min-h-7 w-full cursor-pointer items-center gap-2 rounded-control text-left disabled:cursor-default"
      >
        <span className="flex min-w-0 grow items-center gap-2">{summary}</span>
        <span className="flex shrink-0 items-center gap-2 text-meta text-dim">{side}</span>
        <ChevronRight size={14} aria-hidden className={`shrink-0 text-dim transition-transform ${open ? 'rotate-90' : ''} ${empty ? 'invisible' : ''}`} />
      </button>
      {open && !empty && <div id={id} className="pt-1 pb-2">{children}</div>}
    </div>
  )
}
