import { expect, it } from 'vitest'
import type { SessionEvent } from '@/api/types'
import { endingOf, failureTitle, finishTitle } from './ending'

function event(seq: number, task: string, body: object): SessionEvent {
  return { seq, at: '2026-11-24T12:00:00Z', session_id: 's', task_id: task, agent: 'claude', ...body } as unknown as SessionEvent
}

const crashed = [
  event(1, '1', { type: 'task_ended', status: 'completed' }),
  event(2, '2', { type: 'agent_crashed', error: 'gone', exit_code: 137 }),
  event(3, '2', { type: 'task_ended', status: 'failed', failure_code: 'agent_crashed', error: 'gone' }),
  event(4, '2', { type: 'changes', files: [{}, {}], snapshot: 'x' }),
]

it('finds the last end with what belongs to it', () => {
  expect(endingOf(crashed)).toEqual({ taskId: '2', agent: 'claude', status: 'failed', failureCode: 'agent_crashed', error: 'gone', exitCode: 137, files: 2 })
  expect(endingOf(crashed.slice(0, 1))?.taskId).toBe('1')
  expect(endingOf([])).toBeNull()
})

it('says what happened', () => {
  const ending = endingOf(crashed)
  expect(failureTitle(ending, 'qwen')).toBe('claude exited with code 137 (killed, perhaps for its memory)')
  expect(failureTitle(ending && { ...ending, exitCode: null, failureCode: 'auth_required' }, undefined)).toBe('claude needs a login')
  expect(failureTitle(ending && { ...ending, status: 'lost' }, undefined)).toBe('claude’s turn was lost with its runner')
  expect(failureTitle(null, 'qwen')).toBe('qwen’s last turn failed')
  expect(finishTitle(ending && { ...ending, status: 'completed' }, undefined)).toBe('claude finished: 2 files changed')
  expect(finishTitle(undefined, 'qwen')).toBe('qwen finished')
})
