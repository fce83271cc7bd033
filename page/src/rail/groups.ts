// Sessions as the rail shows them: by project, what needs a person first.

import type { Project, Session } from '@/api/types'

export interface Group {
  readonly id: string
  readonly name: string
  readonly sessions: readonly Session[]
}

const URGENCY: Record<Session['status'], number> = {
  waiting: 0, failed: 1, running: 2, queued: 3, unread: 4, idle: 5, archived: 6,
}

export function groupsOf(sessions: readonly Session[], projects: readonly Project[], filter: string): Group[] {
  const wanted = filter.trim().toLowerCase()
  const names = new Map(projects.map((project) => [project.id, project.name]))
  const groups = new Map<string, Session[]>()
  for (const session of sessions) {
    const name = names.get(session.project_id) ?? ''
    const text = `${session.title} ${name} ${session.agents.join(' ')} ${session.branch ?? ''}`.toLowerCase()
    if (wanted !== '' && !text.includes(wanted)) continue
    const group = groups.get(session.project_id)
    if (group) group.push(session)
    else groups.set(session.project_id, [session])
  }
  return [...groups]
    .map(([id, found]) => ({ id, name: names.get(id) ?? 'Project', sessions: found.toSorted(compare) }))
    .toSorted((a, b) => newest(b.sessions).localeCompare(newest(a.sessions)))
}

/** The session after `current` that needs a person, around the list. */
export function nextWaiting(groups: readonly Group[], current: string | null): Session | null {
  const all = groups.flatMap((group) => group.sessions)
  const from = all.findIndex((session) => session.id === current)
  const around = [...all.slice(from + 1), ...all.slice(0, from + 1)]
  return around.find((session) => session.status === 'waiting') ?? around.find((session) => session.status === 'failed') ?? null
}

function compare(a: Session, b: Session): number {
  return URGENCY[a.status] - URGENCY[b.status] || b.updated_at.localeCompare(a.updated_at)
}

function newest(sessions: readonly Session[]): string {
  return sessions.reduce((found, session) => (session.updated_at > found ? session.updated_at : found), '')
}
