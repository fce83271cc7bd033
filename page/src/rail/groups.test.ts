import { expect, test } from 'vitest'
import type { Project, Session } from '@/api/types'
import { groupsOf, nextWaiting } from './groups'

const session = (id: string, more: Partial<Session>) =>
  ({ id, title: id, project_id: 'p', status: 'idle', agents: [], updated_at: '2026-01-01', ...more }) as Session
const projects = [{ id: 'p', name: 'payments' }, { id: 'r', name: 'roundhouse' }] as Project[]
const sessions = [
  session('old', { updated_at: '2025-01-01' }), session('asks', { status: 'waiting', updated_at: '2024-01-01' }),
  session('broke', { status: 'failed' }), session('other', { project_id: 'r', agents: ['goose'], updated_at: '2026-06-01' }),
]

test('by project, the newest first, and in each what needs a person first', () => {
  expect(groupsOf(sessions, projects, '').map((group) => [group.name, group.sessions.map((one) => one.id)])).toEqual([
    ['roundhouse', ['other']], ['payments', ['asks', 'broke', 'old']],
  ])
})

test('the filter looks at title, project, agents and branch', () => {
  for (const [filter, found] of [['GOOSE', ['other']], ['payments', ['asks', 'broke', 'old']], ['bro', ['broke']], ['nothing', []]] as const) {
    expect(groupsOf(sessions, projects, filter).flatMap((group) => group.sessions.map((one) => one.id))).toEqual(found)
  }
})

test('the next that needs a person comes around', () => {
  const groups = groupsOf(sessions, projects, '')
  expect(nextWaiting(groups, null)?.id).toBe('asks')
  expect(nextWaiting(groups, 'asks')?.id).toBe('asks')
  expect(nextWaiting(groupsOf([session('a', {})], projects, ''), null)).toBeNull()
})
