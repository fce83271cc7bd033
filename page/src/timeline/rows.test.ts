import { expect, test } from 'vitest'
import type { SessionEvent } from '@/api/types'
import { reduce } from './reduce'
import { rowsOf } from './rows'
import { Timeline } from './timeline'

const TURN = 't1'

function timelineOf(bodies: readonly Record<string, unknown>[]): Timeline {
  const timeline = new Timeline()
  bodies.forEach((body, index) => {
    reduce(timeline, { session_id: 's', seq: index + 1, at: '2026-11-24T10:00:00Z', task_id: TURN, agent: 'demo', ...body } as unknown as SessionEvent)
  })
  return timeline
}

const START = [{ type: 'task_created', input: 'go', agent: 'demo' }, { type: 'task_started' }]
const STEPS = [
  { type: 'reasoning', text: 'hm', message_id: 'r1' },
  { type: 'tool_call', id: 'a', title: 'read', kind: 'read', status: 'completed' },
  { type: 'tool_call', id: 'b', title: 'edit', kind: 'edit', status: 'completed' },
  { type: 'text', text: 'Done.', message_id: 'm1' },
]
const kinds = (timeline: Timeline, open: readonly string[] = []) => rowsOf(timeline, new Set(open)).map((row) => row.kind)

test('the steps of a past turn are one line, its last words stay', () => {
  const timeline = timelineOf([...START, ...STEPS, { type: 'task_ended', status: 'completed' }])
  expect(kinds(timeline)).toEqual(['prompt', 'steps', 'item', 'footer'])
  expect(kinds(timeline, [TURN])).toEqual(['prompt', 'steps', 'item', 'item', 'item', 'item', 'footer'])
})

test('a turn that runs, or failed, or did little is shown whole', () => {
  expect(kinds(timelineOf([...START, ...STEPS]))).not.toContain('steps')
  expect(kinds(timelineOf([...START, ...STEPS, { type: 'task_ended', status: 'failed' }]))).not.toContain('steps')
  expect(kinds(timelineOf([...START, ...STEPS.slice(2), { type: 'task_ended', status: 'completed' }]))).not.toContain('steps')
})
