// What every part of the panel shares: the session, what is shown of its changes, and what can be done now.

import { createContext, useContext } from 'react'
import type { Session } from '@/api/types'
import type { Filter } from './filter'
import type { FileChange, Comment } from './shapes'
import type { ReviewStore } from './review-store'
import type { Stop } from './walk'
import type { Verdicts } from './use-verdicts'

export interface Review {
  readonly session: Session
  readonly filter: Filter
  readonly setFilter: (filter: Filter) => void
  readonly files: readonly FileChange[]
  readonly comments: readonly Comment[]
  readonly store: ReviewStore
  readonly verdicts: Verdicts
  /** Why nothing can be done at all now; null if it can. */
  readonly blocked: string | null
  /** Why the worktree cannot be written now; includes `blocked`. */
  readonly busy: string | null
  readonly turnNumber: (taskId: string) => number | null
  readonly isFolded: (file: FileChange) => boolean
  readonly goTo: (stop: Stop) => void
  /** `main@9f31c2e0` */
  readonly base: string
  /** Whether something is accepted and not applied yet. */
  readonly accepted: boolean
}

export const ReviewContext = createContext<Review | null>(null)

export function useReview(): Review {
  const review = useContext(ReviewContext)
  if (review === null) throw new Error('outside of the review panel')
  return review
}
