import { Suspense, lazy, useState } from 'react'
import { Button } from '@/components/button'
import { CopyButton } from '@/components/copy-button'
import { bytes } from '@/components/time'

const TAIL_LINES = 8
const SHOWN_LINES = 400
/** Above this, a conversation is not the place. */
const SHOWN_CHARS = 200_000
/** Of what is too long, this much is shown where it happened. */
const TAIL_CHARS = 20_000

const Coloured = lazy(() => import('./coloured'))
const OutputPanel = lazy(() => import('./output-panel'))

/** What a tool printed: its last lines while it runs, and as much as a browser likes when it is over. */
export function Output({ text, live = false, ansi = false }: { text: string; live?: boolean; ansi?: boolean }) {
  const [all, setAll] = useState(false)
  const [apart, setApart] = useState(false)
  if (text === '') return null
  const long = text.length > SHOWN_CHARS
  const limit = live ? TAIL_LINES : SHOWN_LINES
  const lines = (long ? text.slice(-TAIL_CHARS) : text).replace(/\n$/, '').split('\n')
  const hidden = all ? 0 : Math.max(0, lines.length - limit)
  const shown = (hidden > 0 ? lines.slice(-limit) : lines).join('\n')
  return (
    <div className="group relative rounded-card border border-line bg-panel">
      {long && (
        <div className="flex items-center gap-2 border-b border-line py-1 pr-9 pl-3 text-meta text-dim">
          <span className="grow">The end of {bytes(text.length)}</span>
          <Button look="quiet" onClick={() => setApart(true)}>Show all of it</Button>
        </div>
      )}
      {!long && hidden > 0 && (
        <button type="button" className="touch block w-full cursor-pointer px-3 pt-1.5 text-left text-meta text-dim hover:text-fg" onClick={() => setAll(true)}>
          {hidden} lines before, show them
        </button>
      )}
      <pre tabIndex={0} className="max-h-96 overflow-auto px-3 py-2 font-mono text-code whitespace-pre">{ansi && text.includes('\u001B') ? <Suspense fallback={shown}><Coloured text={shown} /></Suspense> : shown}</pre>
      <span className="absolute top-1 right-1 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"><CopyButton text={text} label="Copy output" /></span>
      {apart && <Suspense><OutputPanel text={text} onClose={() => setApart(false)} /></Suspense>}
    </div>
  )
}
