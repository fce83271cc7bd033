import { expect, test, vi } from 'vitest'
import { Items } from './items'
import { MIXED, file } from './sample'
import type { Comment } from './shapes'

// The code viewer asks which browser it runs in as soon as it is loaded; older Nodes have no answer.
vi.hoisted(() => vi.stubGlobal('navigator', { userAgent: '', platform: '' }))

const base = { comments: [], composing: null, isFolded: () => false, turnNumber: () => null }
const pool = file('pool.py', { hunks: [MIXED] })

test('a file that did not change keeps its item; a changed one gets a later version', () => {
  const items = new Items()
  const [first] = items.of([pool], base)
  const [again] = items.of([{ ...pool }], base)
  expect(again).toBe(first)
  const [folded] = items.of([pool], { ...base, isFolded: () => true })
  expect(folded?.version).toBeGreaterThan(first?.version ?? 0)
  // The lines are the same, so their colours are not made again.
  expect(folded?.fileDiff).toBe(first?.fileDiff)
  const [edited] = items.of([{ ...pool, id: 'other' }], base)
  expect(edited?.fileDiff).not.toBe(first?.fileDiff)
})

test('verbs stand under each hunk, comments under their line, and only where the line is shown', () => {
  const comment = (id: string, line: number): Comment => ({
    id, session_id: 's', path: 'pool.py', line, side: 'new', text: 'why?', agent: 'goose', task_id_of_line: null, hunk: null,
    status: 'open', created_at: '2026-01-01T00:00:00Z', sent_task_id: null, sent_at: null,
  })
  const [item] = new Items().of([pool], { ...base, comments: [comment('c1', 3), comment('c2', 400)] })
  expect(item?.annotations?.map((one) => [one.side, one.lineNumber, one.metadata.kind])).toEqual([
    ['additions', 3, 'comment'], ['additions', 5, 'hunk'],
  ])
})

test('a file without lines is only its head', () => {
  const [item] = new Items().of([file('logo.png', { binary: true })], base)
  expect(item).toMatchObject({ collapsed: true, annotations: [] })
})
