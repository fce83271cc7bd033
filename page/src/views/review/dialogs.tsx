import { useStore } from 'zustand'
import { ApplyDialog } from './apply-dialog'
import { CheckpointsDialog } from './checkpoints-dialog'
import { CommentsDialog } from './comments-dialog'
import { CommitDialog } from './commit-dialog'
import { DiscardDialog } from './discard-dialog'
import { useReview } from './review-context'
import type { AgentShare } from './shapes'

export function Dialogs({ shares, complete }: { shares: readonly AgentShare[]; complete: boolean }) {
  const { store } = useReview()
  const open = useStore(store, (state) => state.dialog)
  const close = () => store.setState({ dialog: null })
  switch (open) {
    case 'apply': return <ApplyDialog onClose={close} />
    case 'commit': return <CommitDialog onClose={close} />
    case 'discard': return <DiscardDialog shares={shares} complete={complete} onClose={close} />
    case 'checkpoints': return <CheckpointsDialog onClose={close} />
    case 'comments': return <CommentsDialog onClose={close} />
    case null: return null
  }
}
