import { count } from '@/components/time'
import type { AgentState } from '@/timeline/model'

/** From here on an agent may soon forget. */
const TIGHT = 0.8

/** How much of what the agent can keep in mind is used. */
export function ContextMeter({ state }: { state: AgentState | undefined }) {
  const used = state?.contextUsed ?? null
  const size = state?.contextSize ?? null
  if (used === null) return null
  const share = size === null || size === 0 ? null : Math.min(1, used / size)
  const tight = share !== null && share >= TIGHT
  const words = size === null ? count(used) : `${count(used)} / ${count(size)}`
  return (
    <span className={`tabular flex items-center gap-1.5 px-1 text-meta whitespace-nowrap ${tight ? 'text-need' : 'text-dim'}`} title={`Context used: ${words} tokens${tight ? '. It is nearly full.' : ''}`}>
      {share !== null && (
        <span role="meter" aria-label="Context used" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} className="hidden h-1.5 w-10 overflow-hidden rounded-full bg-line sm:block">
          <span className={`block h-full ${tight ? 'bg-need' : 'bg-dim'}`} style={{ width: `${share * 100}%` }} />
        </span>
      )}
      {words}
    </span>
  )
}
