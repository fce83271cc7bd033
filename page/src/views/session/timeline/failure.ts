// What can be done about a turn that failed.

import type { FailureCode } from '@/api/types'
import type { Turn } from '@/timeline/model'

const REMEDIES: Partial<Record<FailureCode, string>> = {
  agent_not_installed: 'Install the agent (Settings shows how), or send the prompt to another one.',
  agent_start_failed: 'Run “roundhouse doctor”, or send the prompt to another agent.',
  agent_crashed: 'Send again: its conversation is taken up where it ended. The files that it changed are kept.',
  auth_required: 'Log in to the agent once in a terminal, then send again.',
  rate_limited: 'Wait a while, choose another model, or send the prompt to another agent.',
  context_exceeded: 'Send the prompt to another agent: it is told what happened here.',
  stalled: 'Nothing came for long. Send again, or choose another agent.',
  permission_expired: 'Nobody answered in time. Send again when you can answer.',
  workspace_error: 'The worktree could not be made ready. Run “roundhouse doctor”.',
  node_lost: 'Send again: it continues where it was. What waits in the queue is held until you let it go on.',
}

export function remedyOf(turn: Pick<Turn, 'status' | 'failureCode'>): string {
  if (turn.status === 'lost') return REMEDIES.node_lost ?? ''
  return (turn.failureCode && REMEDIES[turn.failureCode]) ?? 'Send again, or choose another agent.'
}
