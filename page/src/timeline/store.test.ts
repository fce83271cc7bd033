import { expect, test, vi } from 'vitest'
import { session } from './fixtures'
import { TimelineStore } from './store'

function manual() {
  const waiting: (() => void)[] = []
  return { schedule: (flush: () => void) => void waiting.push(flush), run: () => waiting.splice(0).forEach((flush) => flush()), waiting }
}

function filled() {
  const frame = manual()
  const store = new TimelineStore('s', frame.schedule)
  store.append(session)
  frame.run()
  return { store, frame }
}

const shown = (store: TimelineStore) => store.rows().map((row) => {
  if (row.kind === 'item') return [row, store.item(row.itemId)]
  if (row.kind === 'looks') return [row, row.itemIds.map((id) => store.item(id))]
  return [row, store.turn(row.turnId)]
})

test('many events are one flush, and only those concerned hear of it', () => {
  const { store, frame } = filled()
  const rows = vi.fn<() => void>()
  const old = vi.fn<() => void>()
  const live = vi.fn<() => void>()
  const base = { session_id: 's', at: '2026-01-01T00:00:00Z', task_id: '99', agent: 'demo' }
  const seq = store.lastSeq
  store.append([{ ...base, seq: seq + 1, type: 'text', text: 'a', message_id: 'm' }])
  frame.run()
  store.listenRows(rows)
  store.listenItem('m9', old)
  store.listenItem(`m${seq + 1}`, live)
  for (let n = 2; n < 50; n++) store.append([{ ...base, seq: seq + n, type: 'text', text: 'b', message_id: 'm' }])
  expect(frame.waiting).toHaveLength(1)
  frame.run()
  expect(rows).not.toHaveBeenCalled()
  expect(old).not.toHaveBeenCalled()
  expect(live).toHaveBeenCalledTimes(1)
  expect(store.item(`m${seq + 1}`)).toMatchObject({ text: `a${'b'.repeat(48)}` })
})

test('history put before gives what a full replay gives, wherever it is cut', () => {
  const whole = shown(filled().store)
  for (let cut = 1; cut < session.length; cut++) {
    const frame = manual()
    const store = new TimelineStore('s', frame.schedule)
    store.append(session.slice(cut))
    frame.run()
    expect(store.state().hasOlder).toBe(true)
    store.prepend(session.slice(Math.floor(cut / 2), cut))
    store.prepend(session.slice(0, Math.floor(cut / 2)))
    frame.run()
    expect(shown(store)).toEqual(whole)
    expect(store.state().hasOlder).toBe(false)
  }
})

test('what waits for an answer is in the state until it is answered', () => {
  const frame = manual()
  const store = new TimelineStore('s', frame.schedule)
  const asked = session.findIndex((event) => event.type === 'permission_requested') + 1
  store.append(session.slice(0, asked))
  frame.run()
  expect(store.state().asks).toMatchObject([{ title: 'Write demo-notes.md', question: false }])
  expect(store.state().running?.agent).toBe('demo')
  store.append(session.slice(asked))
  frame.run()
  expect(store.state().asks).toEqual([])
  expect(store.state().running).toBeNull()
})

test('forgetting leaves nothing', () => {
  const { store, frame } = filled()
  store.reset()
  frame.run()
  expect(store.rows()).toEqual([])
  expect(store.lastSeq).toBe(0)
})
