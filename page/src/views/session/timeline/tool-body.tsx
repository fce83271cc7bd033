import type { ToolContent } from '@/api/types'
import type { Tool } from '@/timeline/model'
import { useSession } from '../session-context'
import { Output } from './output'
import { SmallDiff } from './small-diff'
import { commandOf, shortPath } from './tool-words'

export function hasBody(tool: Tool): boolean {
  return tool.content.length > 0 || tool.output !== null || (tool.toolKind === 'execute' && commandOf(tool.input) !== null)
}

export function ToolBody({ tool }: { tool: Tool }) {
  return (
    <div className="space-y-2">
      {tool.content.map((part, index) => <Part key={index} part={part} live={tool.endedAt === null} />)}
      {tool.content.length === 0 && tool.output !== null && <Output text={asText(tool.output)} />}
    </div>
  )
}

function Part({ part, live }: { part: ToolContent; live: boolean }) {
  const { worktree_path: root } = useSession()
  switch (part.type) {
    case 'text': return <Output text={part.text} live={live} />
    case 'diff': return <SmallDiff path={shortPath(part.path, root)} before={part.old_text ?? null} after={part.new_text} />
    case 'terminal':
      return (
        <>
          <Output text={part.output ?? ''} live={live} ansi />
          {part.exit_code != null && <p className={`text-meta ${part.exit_code === 0 ? 'text-dim' : 'text-fail'}`}>exit code {part.exit_code}</p>}
          {part.signal && <p className="text-meta text-fail">ended by {part.signal}</p>}
        </>
      )
    case 'other': return <Output text={asText(part.value)} />
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
