import { describe, expect, test } from 'vitest'
import type { SessionEvent } from '@/api/types'
import { session } from './fixtures'
import { append } from './log'
import type { Item, Message } from './model'
import { reduce } from './reduce'
import { rowsOf } from './rows'
import { Timeline } from './timeline'

function timelineOf(events: readonly SessionEvent[]): Timeline {
  const timeline = new Timeline()
  for (const event of events) reduce(timeline, event)
  return timeline
}

let seq = 0
function event(body: Record<string, unknown>): SessionEvent {
  return { session_id: 's', seq: ++seq, at: '2026-01-01T00:00:00Z', task_id: '1', agent: 'demo', ...body } as unknown as SessionEvent
}
const items = (timeline: Timeline, turnId = '1') => timeline.turn(turnId).items.map((id) => timeline.items.get(id) as Item)

const texts = (timeline: Timeline, turnId?: string) =>
  items(timeline, turnId).filter((item): item is Message => item.kind === 'text').map((item) => item.text)

describe('a recorded session', () => {
  const timeline = timelineOf(session)
  const turns = [...timeline.turns.values()]

  test('has its turns in order, each with prompt, agent and end', () => {
    expect(turns.map((turn) => [turn.number, turn.agent, turn.status])).toEqual([
      [1, 'demo', 'completed'], [2, 'demo', 'completed'], [3, 'demo', 'completed'], [4, 'demo', 'failed'],
      [5, 'demo', 'failed'], [6, 'demo', 'cancelled'],
    ])
    expect(turns[0]?.prompt).toBe('Say hello to the payments team')
    expect(turns[0]?.ready).toMatchObject({ continuity: 'fresh', warm: false })
    expect(turns[4]?.ready).toMatchObject({ continuity: 'resumed' })
    expect(turns[4]).toMatchObject({ failureCode: 'auth_required' })
  })

  test('shows what happened in the order it happened', () => {
    expect(items(timeline, turns[0]?.id).map((item) => item.kind)).toEqual([
      'reasoning', 'plan', 'tool', 'text', 'tool', 'ask', 'text',
    ])
  })

  test('joins the pieces of a message, and begins a new part after a tool', () => {
    expect(texts(timeline, turns[0]?.id)).toEqual([
      'Hello, this is the demo agent. I see 3 entries here. ',
      'I added a line to demo-notes.md. The diff shows whose it is. ',
    ])
  })

  test('keeps the last state of tools, plans, questions and the agent', () => {
    const tools = items(timeline, turns[0]?.id).filter((item) => item.kind === 'tool')
    expect(tools.map((tool) => [tool.title, tool.status, tool.content[0]?.type])).toEqual([
      ['List the worktree', 'completed', 'text'], ['Write demo-notes.md', 'completed', 'diff'],
    ])
    const plan = items(timeline, turns[0]?.id).find((item) => item.kind === 'plan')
    expect(plan?.entries.map((entry) => entry.status)).toEqual(['completed', 'completed', 'completed'])
    const question = items(timeline, turns[1]?.id).find((item) => item.kind === 'ask')
    expect(question).toMatchObject({ question: true, status: 'answered', answer: { answers: [['blue']] } })
    expect(timeline.agents.get('demo')).toMatchObject({ contextSize: 100000 })
    expect(timeline.agents.get('demo')?.commands).toHaveLength(2)
    expect(timeline.asks.size).toBe(0)
  })

  test('shows the crash, and the changes of the turn', () => {
    expect(items(timeline, turns[3]?.id).at(-1)).toMatchObject({ kind: 'crash', exitCode: 9 })
    expect(turns[0]?.changes).toMatchObject([{ path: 'demo-notes.md', operation: 'create' }])
  })

  test('is the same however it arrives: event by event, twice, or as a joined log', () => {
    const joined: SessionEvent[] = []
    session.forEach((one) => append(joined, one))
    expect(joined.length).toBeLessThan(session.length)
    const same = timelineOf(joined)
    const twice = timelineOf([...session, ...session])
    for (const other of [same, twice]) {
      expect([...other.items.values()]).toEqual([...timeline.items.values()])
      expect([...other.turns.values()]).toEqual(turns)
    }
  })
})

test('a folded message replaces the parts it was folded from', () => {
  seq = 0
  const pieces = [
    event({ type: 'text', message_id: 'a', text: 'one ' }),
    event({ type: 'tool_call', id: 'x', title: 'Look', kind: 'read' }),
    event({ type: 'text', message_id: 'a', text: 'two' }),
  ]
  const folded = event({ type: 'text', message_id: 'a', text: 'one two', whole: true, first_seq: 1 })
  for (const log of [[...pieces, folded], [pieces[1] as SessionEvent, folded], [folded]]) {
    expect(texts(timelineOf(log))).toEqual(['one two'])
  }
})

test('a terminal that says only what is new goes on', () => {
  seq = 0
  const terminal = (output: string, more = {}) =>
    event({ type: 'tool_update', id: 'x', content: [{ type: 'terminal', terminal_id: 't', output, whole: false, ...more }] })
  const log = [event({ type: 'tool_call', id: 'x', title: 'Run', kind: 'execute' }), terminal('a\n'), terminal('b\n', { exit_code: 0 })]
  expect(items(timelineOf(log))[0]).toMatchObject({ content: [{ output: 'a\nb\n', exit_code: 0 }] })
})

test('a type that nobody knows yet is kept and shown', () => {
  seq = 0
  const timeline = timelineOf([event({ type: 'brand_new', colour: 'blue' })])
  expect(items(timeline)[0]).toMatchObject({ kind: 'note', event: { type: 'raw', source: 'brand_new', value: { colour: 'blue' } } })
})

test('what waits in the queue, or is cancelled there, is no part of the conversation', () => {
  seq = 0
  const timeline = timelineOf([event({ type: 'task_created', input: 'later', agent: 'demo' }), event({ type: 'task_ended', status: 'cancelled' })])
  expect(rowsOf(timeline)).toEqual([])
})

test('looks in a row are one line', () => {
  seq = 0
  const call = (id: string, kind: string) => event({ type: 'tool_call', id, title: id, kind })
  const timeline = timelineOf([call('a', 'read'), call('b', 'search'), call('c', 'edit'), call('d', 'read')])
  expect(rowsOf(timeline).map((row) => row.kind)).toEqual(['prompt', 'looks', 'item', 'item', 'footer'])
})
