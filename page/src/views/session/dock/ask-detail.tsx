import type { ToolContent } from '@/api/types'
import type { Ask } from '@/timeline/model'
import { useSession } from '../session-context'
import { SmallDiff } from '../timeline/small-diff'
import { commandOf, shortPath } from '../timeline/tool-words'

/** Exactly what would be done. */
export function AskDetail({ ask }: { ask: Ask }) {
  const { worktree_path: root } = useSession()
  const command = commandOf(ask.detail['input'])
  const diffs = contentOf(ask).filter((part) => part.type === 'diff')
  const why = typeof ask.detail['reason'] === 'string' ? ask.detail['reason'] : null
  return (
    <div className="mb-2.5 max-h-64 space-y-2 overflow-y-auto">
      {command !== null
        ? <pre tabIndex={0} className="overflow-x-auto rounded-card border border-line bg-raise px-3 py-2 font-mono text-code whitespace-pre-wrap dark:bg-bg">{command}</pre>
        : !ask.question && <p className="text-talk break-words">{ask.title}</p>}
      {diffs.map((part) => part.type === 'diff' && <SmallDiff key={part.path} path={shortPath(part.path, root)} before={part.old_text ?? null} after={part.new_text} />)}
      {why && <p className="text-dim">Why: {why}</p>}
    </div>
  )
}

function contentOf(ask: Ask): ToolContent[] {
  const content = ask.detail['content']
  return Array.isArray(content) ? (content as ToolContent[]) : []
}
