import { Dialog } from '@/components/dialog'
import { CommentBody } from './comment-card'
import { useReview } from './review-context'

/** All comments, also those whose line is gone from the changes. */
export function CommentsDialog({ onClose }: { onClose: () => void }) {
  const { comments } = useReview()
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Comments">
      <ul className="space-y-3 p-4">
        {comments.map((comment) => (
          <li key={comment.id}>
            <p className="mb-1 truncate font-mono text-code text-dim">{comment.path}:{comment.line}{comment.side === 'old' && ' (before)'}</p>
            <CommentBody comment={comment} />
          </li>
        ))}
        {comments.length === 0 && <li className="text-dim">There is none.</li>}
      </ul>
    </Dialog>
  )
}
