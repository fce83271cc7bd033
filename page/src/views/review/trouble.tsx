import { ApiError, explain } from '@/api/error'
import { Button } from '@/components/button'
import { Notice } from '@/components/notice'

const TITLES: Record<string, string> = {
  workspace_error: 'The worktree is missing or cannot be used',
  node_down: 'The runner that holds the worktree is away',
  node_timeout: 'The runner took too long',
  database_down: 'The database is away for the moment',
}

/** Why the changes could not be read, and what can be done. */
export function Trouble({ error, onRetry, onCheckpoints }: { error: Error; onRetry: () => void; onCheckpoints: () => void }) {
  const code = error instanceof ApiError ? error.code : ''
  return (
    <div className="p-4">
      <Notice
        tone="fail" title={TITLES[code] ?? 'The changes could not be read'}
        actions={
          <>
            <Button onClick={onRetry}>Try again</Button>
            {code === 'workspace_error' && <Button onClick={onCheckpoints}>Checkpoints…</Button>}
          </>
        }
      >
        {explain(error)}
      </Notice>
    </div>
  )
}
