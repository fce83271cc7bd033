import { GitBranch, PanelRight } from 'lucide-react'
import { AgentTile } from '@/agents/agent-tile'
import { ViewHeader } from '@/app/view-header'
import { Button } from '@/components/button'
import { Lines } from '@/components/lines'
import { useSession } from './session-context'

export function SessionHeader({ panelOpen, onTogglePanel }: { panelOpen: boolean; onTogglePanel: () => void }) {
  const session = useSession()
  const base = session.base_commit?.slice(0, 8)
  return (
    <ViewHeader title={session.title}>
      {session.branch && (
        <span className="hidden min-w-0 shrink-[2] items-center gap-1 font-mono text-code text-dim sm:flex" title={session.worktree_path ?? undefined}>
          <GitBranch size={13} aria-hidden className="shrink-0" />
          <span className="truncate">{session.branch}</span>
          {base && <span className="hidden whitespace-nowrap xl:inline">← {session.base_ref ?? 'HEAD'}@{base}</span>}
        </span>
      )}
      <span className="ml-auto hidden gap-1 sm:flex">{session.agents.map((agent) => <AgentTile key={agent} name={agent} />)}</span>
      <Button onClick={onTogglePanel} aria-expanded={panelOpen} className="ml-auto sm:ml-1">
        <PanelRight size={14} aria-hidden />
        Changes
        <Lines additions={session.additions} deletions={session.deletions} />
      </Button>
    </ViewHeader>
  )
}
