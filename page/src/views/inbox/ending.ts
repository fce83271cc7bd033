// How the last turn of a session ended, in words.

import type { FailureCode, SessionEvent, TaskStatus } from '@/api/types'

export interface Ending {
  readonly taskId: string | null
  readonly agent: string | null
  readonly status: TaskStatus
  readonly failureCode: FailureCode | null
  readonly error: string | null
  /** Set if the agent's process ended by itself in that turn. */
  readonly exitCode: number | null
  readonly files: number
}

/** From the last events of a session; null if none of them ends a turn. */
export function endingOf(events: readonly SessionEvent[]): Ending | null {
  const end = events.findLast((event) => event.type === 'task_ended')
  if (end?.type !== 'task_ended') return null
  const same = events.filter((event) => event.task_id === end.task_id)
  const crash = same.findLast((event) => event.type === 'agent_crashed')
  const changes = same.findLast((event) => event.type === 'changes')
  return {
    taskId: end.task_id ?? null,
    agent: end.agent ?? null,
    status: end.status,
    failureCode: end.failure_code ?? null,
    error: end.error ?? null,
    exitCode: crash?.type === 'agent_crashed' ? (crash.exit_code ?? null) : null,
    files: changes?.type === 'changes' ? changes.files.length : 0,
  }
}

export function failureTitle(ending: Ending | null | undefined, agent: string | undefined): string {
  const who = ending?.agent ?? agent ?? 'The agent'
  if (ending === null || ending === undefined) return `${who}’s last turn failed`
  if (ending.status === 'lost') return `${who}’s turn was lost with its runner`
  if (ending.exitCode !== null) return `${who} exited with code ${ending.exitCode}${ending.exitCode === 137 || ending.exitCode === -9 ? ' (killed, perhaps for its memory)' : ''}`
  const why: Partial<Record<FailureCode, string>> = {
    agent_crashed: 'crashed', agent_not_installed: 'is not installed', agent_start_failed: 'could not start', agent_refused: 'refused the prompt',
    auth_required: 'needs a login', rate_limited: 'has reached its rate limit', context_exceeded: 'has no room left in its context',
    stalled: 'stalled', permission_expired: 'got no answer in time', workspace_error: 'got no worktree',
  }
  return `${who} ${(ending.failureCode && why[ending.failureCode]) ?? 'failed'}`
}

export function finishTitle(ending: Ending | null | undefined, agent: string | undefined): string {
  const who = ending?.agent ?? agent ?? 'The agent'
  if (ending?.status === 'cancelled') return `${who} was stopped`
  const files = ending?.files ?? 0
  return files > 0 ? `${who} finished: ${files} file${files === 1 ? '' : 's'} changed` : `${who} finished`
}
