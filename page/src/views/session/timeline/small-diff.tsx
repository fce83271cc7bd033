import { lineDiff } from './line-diff'

const MOST = 60
const LOOKS = {
  context: ['', ' '], gap: ['text-dim', '⋯'], add: ['bg-add/15', '+'], delete: ['bg-del/15', '−'],
} as const

/** A first look at an edit. */
export function SmallDiff({ path, before, after }: { path: string; before: string | null; after: string }) {
  const lines = lineDiff(before, after, MOST)
  if (lines === null) return <p className="text-meta text-dim">{path} changed in many lines. See the changes.</p>
  return (
    <pre tabIndex={0} aria-label={`Difference of ${path}`} className="max-h-80 overflow-auto rounded-card border border-line bg-raise py-1 font-mono text-code dark:bg-panel">
      {lines.map((line, index) => {
        const [look, mark] = LOOKS[line.kind]
        return <span key={index} className={`block min-w-fit px-3 ${look}`}>{mark} {line.text}</span>
      })}
    </pre>
  )
}
