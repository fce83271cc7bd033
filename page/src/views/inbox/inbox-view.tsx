import { useQuery } from '@tanstack/react-query'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { explain } from '@/api/error'
import { inboxQuery, projectsQuery, sessionsQuery } from '@/api/queries'
import { announce } from '@/app/announcer'
import { useLine } from '@/app/reconnect-bar'
import { ViewHeader } from '@/app/view-header'
import { Button } from '@/components/button'
import { Empty } from '@/components/empty'
import { Notice } from '@/components/notice'
import { Segmented } from '@/components/segmented'
import { Skeleton } from '@/components/skeleton'
import { clock, timeOfDay, useNow } from '@/components/time'
import { askedOf, headline } from '@/views/session/dock/asked'
import { AskEntry } from './ask-entry'
import { type Entry, SHOWS, type Show, currentOf, entriesOf, filtered } from './entries'
import { FailedEntry } from './failed-entry'
import { FinishedEntry } from './finished-entry'
import { linkIdOf, useSteps } from './use-inbox-keys'

const SECOND = 1000
const WORDS: Record<Show, string> = { all: 'All', permissions: 'Permissions', failed: 'Failed', finished: 'Finished' }

export function InboxView() {
  const inbox = useQuery(inboxQuery)
  const sessions = useQuery(sessionsQuery)
  const [show, setShow] = useState<Show>('all')
  const error = inbox.error ?? sessions.error
  const retry = () => Promise.all([inbox.refetch(), sessions.refetch()])
  const ready = inbox.data !== undefined && sessions.data !== undefined
  const entries = ready ? entriesOf(inbox.data, sessions.data) : []
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Inbox" />
      <div className="min-h-0 grow overflow-y-auto px-3 py-4 lg:px-6">
        <div className="mx-auto max-w-[51rem] space-y-4">
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <p className="min-w-0 grow basis-60 text-dim">{ready && <Sum entries={entries} />}</p>
            <Segmented label="What is shown" value={show} onChange={setShow} segments={SHOWS.map((value) => ({ value, label: <Counted show={value} entries={entries} /> }))} />
          </div>
          <Offline />
          {error && <Notice tone="fail" title="The inbox could not be read" actions={<Button onClick={() => void retry()}>Try again</Button>}>{explain(error)}</Notice>}
          {!ready && !error && <Skeleton rows={4} label="Loading the inbox" />}
          {ready && <List entries={filtered(entries, show)} show={show} />}
        </div>
      </div>
    </div>
  )
}

function Counted({ show, entries }: { show: Show; entries: readonly Entry[] }) {
  const many = filtered(entries, show).length
  return <>{WORDS[show]}{many > 0 && <span className="tabular font-normal max-sm:hidden">{many}</span>}</>
}

function Sum({ entries }: { entries: readonly Entry[] }) {
  const asks = filtered(entries, 'permissions')
  const now = useNow(SECOND, asks.length > 0)
  const oldest = asks[0]
  if (oldest === undefined) return entries.length > 0 ? 'No turn waits for you.' : null
  const turns = asks.length === 1 ? '1 turn is paused until you answer. It has waited ' : `${asks.length} turns are paused until you answer. The oldest has waited `
  return <>{turns}<span className="tabular">{clock(now - oldest.at)}</span>.</>
}

function Offline() {
  const line = useLine()
  if (line.state !== 'lost') return null
  return <Notice tone="need" title="Offline: nothing can be answered now">What you see is from {timeOfDay(line.since)}. Answers are not kept for later: the agent may have stopped waiting by then.</Notice>
}

function List({ entries, show }: { entries: readonly Entry[]; show: Show }) {
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = new Map(projects.map((project) => [project.id, project.name]))
  const offline = useLine().state === 'lost'
  const now = useNow(SECOND)
  const [chosen, setChosen] = useState<string | null>(null)
  const place = useRef(0)
  const current = currentOf(entries, chosen, place.current)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current = current ? Math.max(0, entries.indexOf(current)) : 0
  })
  useSteps(entries.map((entry) => entry.id), current?.id ?? null)
  useNews(entries)
  useHeldFocus(box, current?.id ?? null, entries.length)
  const props = (entry: Entry) => ({
    place: [names.get(entry.session?.project_id ?? ''), entry.session?.title].filter(Boolean).join(' / '),
    current: entry.id === current?.id, offline, now, onCurrent: () => setChosen(entry.id),
  })
  return (
    <div ref={box} tabIndex={-1} className="outline-none">
      {entries.length === 0 ? <Nothing show={show} /> : (
        <ul aria-label="What needs you" className="overflow-hidden rounded-card border border-line bg-raise">
          {entries.map((entry) => {
            switch (entry.kind) {
              case 'ask': return <AskEntry key={entry.id} entry={entry} {...props(entry)} />
              case 'failed': return <FailedEntry key={entry.id} entry={entry} {...props(entry)} />
              default: return <FinishedEntry key={entry.id} entry={entry} {...props(entry)} />
            }
          })}
        </ul>
      )}
    </div>
  )
}

function Nothing({ show }: { show: Show }) {
  if (show !== 'all') return <Empty title={`Nothing under “${WORDS[show]}”`} />
  return <Empty title="Nothing needs you">Questions of agents, turns that failed and turns that finished come here, the oldest first.</Empty>
}

/** Says what came while one is here. */
function useNews(entries: readonly Entry[]): void {
  const known = useRef<Set<string> | null>(null)
  useEffect(() => {
    const before = known.current
    known.current = new Set(entries.map((entry) => entry.id))
    if (before === null) return
    const news = entries.filter((entry) => !before.has(entry.id))
    const first = news[0]
    if (first === undefined) return
    if (news.length > 1) announce(`${news.length} more need you`)
    else announce(first.kind === 'ask' ? headline(askedOf(first.permission)) : `${first.session?.title} ${first.kind}`)
  }, [entries])
}

/** An entry that was answered takes the focus with it; the next one gets it. */
function useHeldFocus(box: RefObject<HTMLElement | null>, current: string | null, length: number): void {
  const held = useRef(false)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const enter = () => {
      held.current = true
    }
    // Removing the element that has the focus tells nothing: only leaving it for another does.
    const leave = (event: FocusEvent) => {
      if (event.relatedTarget !== null && !element.contains(event.relatedTarget as Node)) held.current = false
    }
    element.addEventListener('focusin', enter)
    element.addEventListener('focusout', leave)
    return () => {
      element.removeEventListener('focusin', enter)
      element.removeEventListener('focusout', leave)
    }
  }, [box])
  useEffect(() => {
    if (!held.current || document.activeElement !== document.body) return
    const link = current === null ? null : document.getElementById(linkIdOf(current))
    ;(link ?? box.current)?.focus()
  }, [box, current, length])
}
