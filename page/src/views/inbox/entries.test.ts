import { describe, expect, it } from 'vitest'
import type { InboxItem, Permission, Session } from '@/api/types'
import { currentOf, entriesOf, filtered } from './entries'

function session(over: Partial<Session>): Session {
  return {
    id: 's1', project_id: 'p', title: 'Title', status: 'idle', created_at: '', updated_at: '2026-11-24T12:00:00Z', worktree_path: null,
    branch: null, base_commit: null, base_ref: null, include_uncommitted: false, running_task: null, queued: 0, waiting: 0, unread: 0,
    agents: ['claude'], additions: 0, deletions: 0, last_seq: 9, read_seq: 3, activity: null, hold_reason: null, handover: true,
    node_id: null, archived_at: null, ...over,
  }
}

function asked(id: string, at: string, sessionId = 's1'): InboxItem {
  return { kind: 'permission', at, session_id: sessionId, title: 'Write a', permission: { id, session_id: sessionId } as Permission, session: null }
}

function lost(of: Session): InboxItem {
  return { kind: 'failed', at: of.updated_at, session_id: of.id, title: of.title, permission: null, session: of }
}

const early = '2026-11-24T11:00:00Z'
const late = '2026-11-24T13:00:00Z'

describe('what needs a person', () => {
  it('comes oldest first, from the inbox and from unread sessions', () => {
    const unread = session({ id: 's2', status: 'unread', updated_at: early })
    const broken = session({ id: 's3', status: 'failed' })
    const entries = entriesOf([lost(broken), asked('7', late)], [session({ status: 'waiting' }), unread, broken])
    expect(entries.map((entry) => entry.id)).toEqual(['finished-s2', 'failed-s3', 'ask-7'])
    expect(entries[2]?.session?.id).toBe('s1')
  })

  it('has a held queue once, though its session counts as queued', () => {
    const held = session({ status: 'queued', hold_reason: 'The turn before was lost.' })
    expect(entriesOf([], [held]).map((entry) => entry.kind)).toEqual(['failed'])
    const failed = session({ status: 'failed', hold_reason: 'The turn before was lost.' })
    expect(entriesOf([lost(failed)], [failed])).toHaveLength(1)
  })

  it('takes the newer line of a session', () => {
    const entries = entriesOf([lost(session({ title: 'Old', status: 'failed' }))], [session({ title: 'New', status: 'failed' })])
    expect(entries[0]?.session?.title).toBe('New')
  })

  it('filters by kind', () => {
    const entries = entriesOf([asked('1', early)], [session({ status: 'waiting' }), session({ id: 's2', status: 'unread' })])
    expect(filtered(entries, 'finished').map((entry) => entry.sessionId)).toEqual(['s2'])
    expect(filtered(entries, 'permissions')).toHaveLength(1)
    expect(filtered(entries, 'failed')).toHaveLength(0)
    expect(filtered(entries, 'all')).toHaveLength(2)
  })
})

describe('the current one', () => {
  const entries = entriesOf([asked('1', early), asked('2', late)], [session({ status: 'waiting' })])

  it('stays the same while it waits, and then what took its place', () => {
    expect(currentOf(entries, 'ask-2', 0)?.id).toBe('ask-2')
    expect(currentOf(entries, 'ask-gone', 1)?.id).toBe('ask-2')
    expect(currentOf(entries, 'ask-gone', 5)?.id).toBe('ask-2')
    expect(currentOf(entries, null, 0)?.id).toBe('ask-1')
    expect(currentOf([], null, 0)).toBeUndefined()
  })
})
