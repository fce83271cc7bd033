import { Check, FilePen, FileText, Globe, type LucideIcon, Search, Sparkles, SquareTerminal, Trash2, Wrench, X } from 'lucide-react'
import { Ring } from '@/components/ring'
import { duration, useNow } from '@/components/time'
import type { Tool } from '@/timeline/model'
import { useSession } from '../session-context'
import { Disclosure } from './disclosure'
import { hasBody, ToolBody } from './tool-body'
import { toolWords } from './tool-words'

const ICONS: Record<string, LucideIcon> = {
  read: FileText, edit: FilePen, delete: Trash2, search: Search, execute: SquareTerminal, think: Sparkles, fetch: Globe,
}
const WORTH_SAYING = 1000
const SECOND = 1000

export function ToolRow({ tool }: { tool: Tool }) {
  const { worktree_path: root } = useSession()
  const { verb, object, code } = toolWords(tool, root)
  const Icon = ICONS[tool.toolKind] ?? Wrench
  const failed = tool.status === 'failed'
  const running = tool.status === 'in_progress' && tool.endedAt === null
  const summary = (
    <>
      <Icon size={15} aria-hidden className="shrink-0 text-dim" />
      <span className="shrink-0">{verb}</span>
      <span className={`truncate text-dim ${code ? 'font-mono text-code' : ''}`}>{object}</span>
    </>
  )
  return (
    <div className="py-0.5">
      <Disclosure edge={failed ? 'fail' : running ? 'run' : 'none'} startsOpen={failed || tool.toolKind === 'edit'} summary={summary} side={<ToolState tool={tool} />}>
        {hasBody(tool) && <ToolBody tool={tool} />}
      </Disclosure>
    </div>
  )
}

export function ToolState({ tool }: { tool: Tool }) {
  const over = tool.endedAt !== null
  const now = useNow(SECOND, !over)
  const took = (tool.endedAt ?? now) - tool.at
  const exit = exitOf(tool)
  return (
    <>
      {took >= WORTH_SAYING && <span className="tabular">{duration(took)}</span>}
      {exit !== null && <span className="text-fail">exit {exit}</span>}
      {tool.status === 'completed' && exit === null && <Check size={14} aria-label="done" />}
      {tool.status === 'failed' && <span className="flex items-center gap-1 text-fail"><X size={14} aria-hidden />failed</span>}
      {!over && <><Ring /><span className="sr-only">running</span></>}
      {over && (tool.status === 'in_progress' || tool.status === 'pending') && <span>no result</span>}
    </>
  )
}

/** The exit code of a command that did not end well, which agents report as done all the same. */
function exitOf(tool: Tool): number | null {
  for (const part of tool.content) if (part.type === 'terminal' && part.exit_code) return part.exit_code
  return null
}
