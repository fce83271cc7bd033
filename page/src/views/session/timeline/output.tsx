import { Suspense, lazy, useState } from 'react'
import { CopyButton } from '@/components/copy-button'

const TAIL_LINES = 8
const SHOWN_LINES = 400
const SHOWN_CHARS = 200_000

const Coloured = lazy(() => import('./coloured'))

/** What a tool printed: its last lines while it runs, and as much as a browser likes when it is over. */
export function Output({ text, live = false, ansi = false }: { text: string; live?: boolean; ansi?: boolean }) {
  const [all, setAll] = useState(false)
  const limit = live ? TAIL_LINES : SHOWN_LINES
  const lines = text.replace(/\n$/, '').split('\n')
  const hidden = all ? 0 : Math.max(0, lines.length - limit)
  const shown = (hidden > 0 ? lines.slice(-limit) : lines).join('\n').slice(-SHOWN_CHARS)
  if (text === '') return null
  return (
    <div className="group relative rounded-card border border-line bg-panel">
      {hidden > 0 && (
        <button type="button" className="touch block w-full cursor-pointer px-3 pt-1.5 text-left text-meta text-dim hover:text-fg" onClick={() => setAll(true)}>
          {hidden} lines before, show them
        </button>
      )}
      <pre tabIndex={0} className="max-h-96 overflow-auto px-3 py-2 font-mono text-code whitespace-pre">{ansi ? <Suspense fallback={shown}><Coloured text={shown} /></Suspense> : shown}</pre>
      <span className="absolute top-1 right-1 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"><CopyButton text={text} label="Copy output" /></span>
    </div>
  )
}
