import type { ReactNode } from 'react'

type Tone = 'plain' | 'need' | 'fail' | 'ok' | 'run'

const TONES: Record<Tone, string> = {
  plain: 'border-line text-dim',
  need: 'border-need/40 bg-needbg text-need',
  fail: 'border-fail/40 bg-failbg text-fail',
  ok: 'border-ok/40 text-ok',
  run: 'border-run/40 text-run',
}

/** A short fact. Its words carry the meaning; the tone only repeats it. */
export function Chip({ tone = 'plain', title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span title={title} className={`inline-flex h-5 items-center gap-1 rounded-full border px-2 text-meta whitespace-nowrap ${TONES[tone]}`}>
      {children}
    </span>
  )
}
