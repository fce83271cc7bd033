// Comments that wait to be sent: to whom they would go, in words.

import { type Author, authorName } from './author'
import type { Comment } from './shapes'

export function openComments(comments: readonly Comment[]): Comment[] {
  return comments.filter((comment) => comment.status === 'open')
}

/** `claude`, or how many there are; a person's own line goes to the agent that worked last. */
export function addressee(open: readonly Comment[], lastAgent: string | null): string {
  const to = new Set<Author>(open.map((comment) => comment.agent ?? lastAgent))
  const [only] = to
  return to.size === 1 ? authorName(only ?? 'the last agent') : 'their authors'
}

export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
