import { useQuery } from '@tanstack/react-query'
import { Link } from '@/app/routing'
import { Activity, Inbox, Plus, Search, Settings, Zap } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { healthQuery, inboxQuery, projectsQuery, sessionsQuery } from '@/api/queries'
import { buttonClass } from '@/components/button'
import { Kbd } from '@/components/kbd'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { bytes, timeOfDay, useNow } from '@/components/time'
import { explain } from '@/api/error'
import { useLine } from '@/app/reconnect-bar'
import { FILTER_ID } from './filter'
import { type Group, groupsOf } from './groups'
import { SessionRow } from './session-row'

const MINUTE = 60_000

export function Rail() {
  return (
    <div className="flex h-full min-h-0 flex-col bg-panel">
      <div className="flex h-12 shrink-0 items-center justify-between pr-2 pl-3">
        <Link to="/" className="flex items-center gap-2.5 rounded-control text-talk font-semibold"><Mark />Roundhouse</Link>
        <Link to="/" aria-label="New session" title="New session" className={buttonClass('quiet', true)}><Plus size={16} aria-hidden /></Link>
      </div>
      <nav aria-label="Places" className="px-2 pb-2">
        <Place to="/inbox" icon={<Inbox size={15} aria-hidden />} badge={<InboxCount />}>Inbox</Place>
        <Place to="/health" icon={<Activity size={15} aria-hidden />}>Health and usage</Place>
      </nav>
      <Sessions />
      <Foot />
    </div>
  )
}

function Place({ to, icon, badge, children }: { to: '/inbox' | '/health'; icon: ReactNode; badge?: ReactNode; children: string }) {
  return (
    <Link to={to} className="touch flex h-8 items-center gap-2.5 rounded-control px-2 text-dim hover:bg-raise/70 hover:text-fg data-[status=active]:bg-raise data-[status=active]:text-fg">
      {icon}<span className="grow">{children}</span>{badge}
    </Link>
  )
}

function InboxCount() {
  const { data } = useQuery(inboxQuery)
  if (!data?.length) return null
  return (
    <span className="tabular rounded-full bg-need px-1.5 text-meta font-semibold text-bg">
      {data.length}<span className="sr-only"> waiting</span>
    </span>
  )
}

function Sessions() {
  const [filter, setFilter] = useState('')
  const sessions = useQuery(sessionsQuery)
  const projects = useQuery(projectsQuery)
  const now = useNow(MINUTE)
  const frozen = useFrozen(groupsOf(sessions.data ?? [], projects.data ?? [], filter))
  return (
    <>
      <label className="mx-2 mb-1 flex h-8 items-center gap-2 rounded-control px-2 text-dim focus-within:bg-raise">
        <Search size={14} aria-hidden />
        <input
          id={FILTER_ID}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && (setFilter(''), event.currentTarget.blur())}
          placeholder="Filter sessions"
          aria-label="Filter sessions"
          className="min-w-0 grow bg-transparent text-fg outline-none placeholder:text-dim"
        />
        <Kbd>/</Kbd>
      </label>
      <div ref={frozen.ref} className="min-h-0 grow overflow-y-auto px-2 pb-2">
        <Stale />
        {sessions.isPending && <Skeleton rows={6} label="Loading the sessions" />}
        {sessions.isError && <Notice tone="fail" title="The sessions could not be read">{explain(sessions.error)}</Notice>}
        {sessions.data?.length === 0 && <p className="px-2 py-3 text-dim">No sessions yet.</p>}
        {sessions.data && sessions.data.length > 0 && frozen.groups.length === 0 && <p className="px-2 py-3 text-dim">No session fits “{filter}”.</p>}
        {frozen.groups.map((group) => (
          <section key={group.id} aria-label={group.name} className="pt-2">
            <h2 className="px-2 pb-1 text-meta text-dim">{group.name}</h2>
            <ul>{group.sessions.map((session) => <li key={session.id}><SessionRow session={session} now={now} /></li>)}</ul>
          </section>
        ))}
      </div>
    </>
  )
}

/** The order stays while the pointer is over the list: nothing may move away under a click. What lines say goes on. */
function useFrozen(groups: readonly Group[]) {
  const ref = useRef<HTMLDivElement>(null)
  const order = useRef<Map<string, number> | null>(null)
  const ids = groups.flatMap((group) => group.sessions.map((session) => session.id))
  const latest = useRef(ids)
  const [, render] = useState(0)
  useEffect(() => {
    latest.current = ids
  })
  useEffect(() => {
    const list = ref.current
    if (!list) return
    const enter = () => {
      order.current = new Map(latest.current.map((id, index) => [id, index]))
    }
    const leave = () => {
      order.current = null
      render((count) => count + 1)
    }
    list.addEventListener('pointerenter', enter)
    list.addEventListener('pointerleave', leave)
    return () => {
      list.removeEventListener('pointerenter', enter)
      list.removeEventListener('pointerleave', leave)
    }
  }, [])
  const place = (id: string) => order.current?.get(id) ?? -1
  const held = order.current === null ? groups : groups.map((group) => ({
    ...group, sessions: group.sessions.toSorted((a, b) => place(a.id) - place(b.id)),
  }))
  return { ref, groups: held }
}

function Stale() {
  const line = useLine()
  if (line.state !== 'lost' || line.attempts < 2) return null
  return <p className="px-2 pt-1 text-meta text-need">as of {timeOfDay(line.since)}</p>
}

function Foot() {
  const { data } = useQuery(healthQuery)
  const warm = data?.nodes.reduce((sum, node) => sum + node.warm, 0)
  const memory = data?.nodes.reduce((sum, node) => sum + node.rss_bytes, 0)
  return (
    <div className="flex h-10 shrink-0 items-center gap-2 border-t border-line pr-2 pl-3 text-meta text-dim">
      <Zap size={12} aria-hidden />
      <span className="tabular grow">{data ? `${warm} warm · ${bytes(memory ?? 0)}` : ''}</span>
      <Link to="/settings" aria-label="Settings" title="Settings" className={buttonClass('quiet', true)}><Settings size={15} aria-hidden /></Link>
    </div>
  )
}

function Mark() {
  return (
    <svg aria-hidden width="22" height="22" viewBox="0 0 32 32" className="text-brand">
      <circle cx="16" cy="16" r="12" fill="none" stroke="currentColor" strokeWidth="4" />
      <circle cx="16" cy="16" r="5" fill="currentColor" />
    </svg>
  )
}
