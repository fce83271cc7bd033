// What the panel does. Every function answers with what the server says happened.

import { call, http } from '@/api/client'
import { ApiError } from '@/api/error'
import type { AppliedFile, ApplyConflict, ApplyOutcome, Choice, Comment, RewindOutcome, Side } from './shapes'

const at = (sessionId: string) => ({ path: { session_id: sessionId } })

export const accept = (sessionId: string, body: Choice) =>
  call(http.POST('/api/sessions/{session_id}/changes/accept', { params: at(sessionId), body }))

export const reject = (sessionId: string, body: Choice) =>
  call(http.POST('/api/sessions/{session_id}/changes/reject', { params: at(sessionId), body }))

export const markSeen = (sessionId: string, body: Choice) =>
  call(http.POST('/api/sessions/{session_id}/changes/seen', { params: at(sessionId), body }))

export const undoVerdict = (sessionId: string) =>
  call(http.POST('/api/sessions/{session_id}/changes/undo', { params: at(sessionId) }))

export const commit = (sessionId: string, body: { message: string; squash: boolean; accepted_only: boolean }) =>
  call(http.POST('/api/sessions/{session_id}/commit', { params: at(sessionId), body }))

export const rewind = (sessionId: string, checkpointId: string, conversation: boolean): Promise<RewindOutcome> =>
  call(http.POST('/api/sessions/{session_id}/rewind', {
    params: at(sessionId), body: { checkpoint_id: checkpointId, before: false, conversation },
  }))

export interface NewComment {
  path: string
  line: number
  side: Side
  text: string
}

export const addComment = (sessionId: string, body: NewComment): Promise<Comment> =>
  call(http.POST('/api/sessions/{session_id}/comments', { params: at(sessionId), body }))

export const deleteComment = (sessionId: string, commentId: string) =>
  call(http.DELETE('/api/sessions/{session_id}/comments/{comment_id}', {
    params: { path: { session_id: sessionId, comment_id: commentId } },
  }))

export const sendComments = (sessionId: string, agent: string | null) =>
  call(http.POST('/api/sessions/{session_id}/comments/send', { params: at(sessionId), body: agent === null ? {} : { agent } }))

/** An apply that was looked at, done, or that the checkout stands in the way of; then nothing was written. */
export type Applying =
  | { readonly kind: 'fits'; readonly outcome: ApplyOutcome }
  | { readonly kind: 'conflict'; readonly conflicts: readonly ApplyConflict[]; readonly files: readonly AppliedFile[] }

export function apply(sessionId: string, acceptedOnly: boolean, checkOnly: boolean): Promise<Applying> {
  return applying(http.POST('/api/sessions/{session_id}/apply', {
    params: at(sessionId), body: { target: 'checkout', accepted_only: acceptedOnly, check_only: checkOnly },
  }))
}

export function undoApply(sessionId: string): Promise<Applying> {
  return applying(http.POST('/api/sessions/{session_id}/apply/undo', { params: at(sessionId) }))
}

interface Answer {
  data?: ApplyOutcome
  error?: unknown
  response: Response
}

async function applying(request: Promise<Answer>): Promise<Applying> {
  const { data, error, response } = await request
  if (data !== undefined) return { kind: 'fits', outcome: data }
  const said = (error as { error?: { code?: string; conflicts?: ApplyConflict[]; files?: AppliedFile[] } } | undefined)?.error
  if (said?.code === 'apply_conflict') return { kind: 'conflict', conflicts: said.conflicts ?? [], files: said.files ?? [] }
  throw new ApiError(response.status, error)
}
