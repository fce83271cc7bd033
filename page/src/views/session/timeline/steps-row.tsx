import { ChevronRight, ListTree } from 'lucide-react'
import { Lines } from '@/components/lines'
import { duration } from '@/components/time'
import { useShown, useTurn } from '../session-context'

/** What a past turn did on its way, in one line. */
export function StepsRow({ turnId, count, open }: { turnId: string; count: number; open: boolean }) {
  const { store } = useShown().feed
  const turn = useTurn(turnId)
  const sum = (field: 'additions' | 'deletions') => turn?.changes?.reduce((total, file) => total + (file[field] ?? 0), 0) ?? 0
  return (
    <div className="py-0.5">
      <button
        type="button"
        data-step
        aria-expanded={open}
        onClick={() => store.fold(turnId, open)}
        className="touch flex min-h-7 w-full cursor-pointer items-center gap-2 rounded-control border-l-2 border-line pl-2.5 text-left text-dim hover:text-fg"
      >
        <ListTree size={15} aria-hidden className="shrink-0" />
        <span className="tabular grow">{count} steps{turn?.ms != null && `, ${duration(turn.ms)}`}</span>
        <Lines additions={sum('additions')} deletions={sum('deletions')} />
        <ChevronRight size={14} aria-hidden className={`shrink-0 transition-transform ${open ? 'rotate-90' : ''}`} />
      </button>
    </div>
  )
}
