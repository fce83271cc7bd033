import { Empty } from '@/components/empty'
import { useSession } from '../session-context'

export function EmptyTimeline() {
  const { branch } = useSession()
  return (
    <Empty title="Nothing was asked here yet">
      <p>Say below what is to be done. The agent works in a worktree of its own{branch ? ` on ${branch}` : ''}; your checkout stays as it is.</p>
    </Empty>
  )
}
