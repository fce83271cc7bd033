import type { ReactNode } from 'react'

type Tone = 'plain' | 'need' | 'fail'

const TONES: Record<Tone, string> = {
  plain: 'border-line bg-raise',
  need: 'border-need/50 bg-needbg',
  fail: 'border-fail/50 bg-failbg',
}

/** Something to know, and what can be done about it. */
export function Notice({ tone = 'plain', title, children, actions }: {
  tone?: Tone
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
}) {
  return (
    <div role={tone === 'fail' ? 'alert' : undefined} className={`rounded-card border p-3 ${TONES[tone]}`}>
      <p className="font-medium">{title}</p>
      {children && <div className="mt-1 text-dim">{children}</div>}
      {actions && <div className="mt-2.5 flex flex-wrap gap-2 empty:hidden">{actions}</div>}
    </div>
  )
}
