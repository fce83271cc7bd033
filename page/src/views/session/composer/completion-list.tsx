import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { FileText, Folder } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useImperativeHandle, useState } from 'react'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import type { Command } from '@/api/types'
import { useSession } from '../session-context'
import type { Wanted } from './completion'

const FILES = 30
const PAUSE = 100

/** What the composer's keys do while the list is there. */
export interface CompletionHandle {
  step: (by: 1 | -1) => void
  /** Whether there was something to take. */
  take: () => boolean
}

interface ListProps {
  id: string
  wanted: Wanted
  commands: readonly Command[]
  handle: RefObject<CompletionHandle | null>
  onTake: (word: string) => void
  /** Which element is chosen, for who only hears it. */
  onActive: (id: string | undefined) => void
}

interface Entry {
  readonly word: string
  readonly show: ReactNode
}

export default function CompletionList(props: ListProps) {
  return props.wanted.kind === 'command' ? <Commands {...props} /> : <Files {...props} />
}

function Commands(props: ListProps) {
  const query = props.wanted.query.toLowerCase()
  const found = props.commands
    .filter((command) => command.name.toLowerCase().includes(query))
    .toSorted((a, b) => Number(b.name.toLowerCase().startsWith(query)) - Number(a.name.toLowerCase().startsWith(query)))
  const entries = found.map(({ name, description, hint }) => ({
    word: `/${name.replace(/^\//, '')}`,
    show: (
      <>
        <span className="shrink-0 font-mono text-code">/{name.replace(/^\//, '')}</span>
        {hint && <span className="shrink-0 text-dim italic">{hint}</span>}
        <span className="truncate text-dim">{description}</span>
      </>
    ),
  }))
  return <List {...props} label="Commands" entries={entries} nothing={props.commands.length === 0 ? 'This agent offers no commands, or has not said so yet.' : null} />
}

function Files(props: ListProps) {
  const session = useSession()
  const query = useSettled(props.wanted.query)
  const { data, isError } = useQuery({
    queryKey: [...keys.session(session.id), 'files', query],
    queryFn: async () => (await call(http.GET('/api/sessions/{session_id}/files', {
      params: { path: { session_id: session.id }, query: { limit: FILES, ...(query !== '' && { q: query }) } },
    }))).items,
    placeholderData: keepPreviousData,
  })
  const nothing = session.worktree_path === null ? 'The files can be named after the first turn, which makes the worktree.' : 'No file is called that.'
  const entries = (data ?? []).map(({ path, kind }) => {
    const Icon = kind === 'folder' ? Folder : FileText
    return {
      word: `@${path}${kind === 'folder' ? '/' : ''}`,
      show: <><Icon size={14} aria-hidden className="shrink-0 text-dim" /><span className="truncate font-mono text-code">{path}</span></>,
    }
  })
  return <List {...props} label="Files" entries={entries} nothing={isError ? 'The files could not be read.' : data ? nothing : null} />
}

function List({ id, handle, onTake, onActive, label, entries, nothing }: ListProps & { label: string; entries: readonly Entry[]; nothing: string | null }) {
  const [at, setAt] = useState(0)
  const index = Math.min(at, Math.max(0, entries.length - 1))
  const active = entries.length > 0 ? `${id}-${index}` : undefined
  useEffect(() => {
    onActive(active)
    if (active) document.getElementById(active)?.scrollIntoView({ block: 'nearest' })
    return () => onActive(undefined)
  }, [active, onActive])
  useImperativeHandle(handle, () => ({
    step: (by) => setAt((index + by + entries.length) % Math.max(1, entries.length)),
    take: () => {
      const entry = entries[index]
      if (entry) onTake(entry.word)
      return entry !== undefined
    },
  }), [entries, index, onTake])
  if (entries.length === 0 && nothing === null) return null
  return (
    <div className="absolute bottom-full left-0 z-20 mb-1.5 max-h-64 w-full max-w-xl overflow-y-auto rounded-card border border-line2 bg-raise p-1 shadow-pop">
      {entries.length === 0 && <p className="px-2 py-1.5 text-dim">{nothing}</p>}
      <div id={id} role="listbox" aria-label={label}>
        {entries.map((entry, place) => (
          <div
            key={entry.word}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === index}
            // The focus stays in the text.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onTake(entry.word)}
            onKeyDown={(event) => event.key === 'Enter' && onTake(entry.word)}
            className="touch flex cursor-pointer items-center gap-2 rounded-control px-2 py-1 aria-selected:bg-panel"
          >
            {entry.show}
          </div>
        ))}
      </div>
    </div>
  )
}

/** The text when it did not change for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
