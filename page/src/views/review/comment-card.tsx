import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { toastError } from '@/app/toasts'
import { Chip } from '@/components/chip'
import { IconButton } from '@/components/button'
import { authorName } from './author'
import { commentsQuery } from './queries'
import { deleteComment } from './requests'
import { useReview } from './review-context'
import type { Comment } from './shapes'

const STATES = {
  open: ['plain', 'not sent'], sent: ['run', 'sent'], resolved: ['ok', 'answered'],
} as const

/** A comment under its line. */
export function CommentCard({ commentId }: { commentId: string }) {
  const { comments } = useReview()
  const comment = comments.find((one) => one.id === commentId)
  if (comment === undefined) return null
  return <div className="px-3 py-1.5 font-sans text-ui"><CommentBody comment={comment} /></div>
}

export function CommentBody({ comment }: { comment: Comment }) {
  const { session, blocked } = useReview()
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => deleteComment(session.id, comment.id),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: commentsQuery(session.id).queryKey }),
  })
  const [tone, word] = STATES[comment.status]
  const about = comment.agent === null ? 'on your own line' : `for ${authorName(comment.agent)}`
  return (
    <div className="rounded-card border border-line2 bg-raise px-3 py-2">
      <p className="flex items-center gap-2 text-meta text-dim">
        <span><strong className="font-semibold text-fg">You</strong> {about}</span>
        <span className="grow" />
        <Chip tone={tone}>{word}</Chip>
        {comment.status === 'open' && (
          <IconButton label={`Delete the comment on line ${comment.line}`} disabled={blocked !== null || remove.isPending} onClick={() => remove.mutate()}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        )}
      </p>
      <p className="break-words whitespace-pre-wrap">{comment.text}</p>
    </div>
  )
}
