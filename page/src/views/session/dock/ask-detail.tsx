import type { ToolContent } from '@/api/types'
import { SmallDiff } from '../timeline/small-diff'
import { commandOf, shortPath } from '../timeline/tool-words'
import type { Asked } from './asked'

interface AskDetailProps {
  ask: Asked
  /** The worktree, which paths are shown without. */
  root: string | null
  /** Off where the title stands above already. */
  titled?: boolean
}

/** Exactly what would be done. */
export function AskDetail({ ask, root, titled = true }: AskDetailProps) {
  const command = commandOf(ask.detail['input'])
  const diffs = contentOf(ask).filter((part) => part.type === 'diff')
  const why = typeof ask.detail['reason'] === 'string' ? ask.detail['reason'] : null
  const title = titled && command === null && !ask.question ? ask.title : null
  if (command === null && title === null && diffs.length === 0 && why === null) return null
  return (
    <div className="mb-2.5 max-h-64 space-y-2 overflow-y-auto">
      {command !== null && <pre tabIndex={0} className="overflow-x-auto rounded-card border border-line bg-raise px-3 py-2 font-mono text-code whitespace-pre-wrap dark:bg-bg">{command}</pre>}
      {title !== null && <p className="text-talk break-words">{title}</p>}
      {diffs.map((part) => part.type === 'diff' && <SmallDiff key={part.path} path={shortPath(part.path, root)} before={part.old_text ?? null} after={part.new_text} />)}
      {why && <p className="text-dim">Why: {why}</p>}
    </div>
  )
}

function contentOf(ask: Asked): ToolContent[] {
  const content = ask.detail['content']
  return Array.isArray(content) ? (content as ToolContent[]) : []
}
