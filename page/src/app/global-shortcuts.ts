// The keys and commands that every view has.

import { useQueryClient } from '@tanstack/react-query'
import { navigate, useSessionId } from './routing'
import { useMemo } from 'react'
import { projectsQuery, sessionsQuery } from '@/api/queries'
import { groupsOf, nextWaiting } from '@/rail/groups'
import { FILTER_ID } from '@/rail/filter'
import { type PaletteCommand, useCommands } from './commands'
import { type Shortcut, useShortcuts } from './keyboard'
import { setTheme } from './theme'
import { toast } from './toasts'

const DIRECT = 9

export function useGlobalShortcuts(openDialog: (dialog: 'palette' | 'help') => void): void {
  const client = useQueryClient()
  const sessionId = useSessionId()

  const shortcuts = useMemo<Shortcut[]>(() => {
    const groups = () => groupsOf(client.getQueryData(sessionsQuery.queryKey) ?? [], client.getQueryData(projectsQuery.queryKey) ?? [], '')
    const ids = () => groups().flatMap((group) => group.sessions.map((session) => session.id))
    const open = (id: string | undefined) => {
      if (id !== undefined) navigate({ to: '/sessions/$sessionId', params: { sessionId: id } })
    }
    const step = (by: number) => () => {
      const all = ids()
      const at = sessionId === null ? -1 : all.indexOf(sessionId)
      open(all.at((at + by + all.length) % Math.max(1, all.length)))
    }
    const toNext = () => {
      const next = nextWaiting(groups(), sessionId)
      if (next === null) toast('Nothing needs you.')
      else open(next.id)
    }
    return [
      { keys: '$mod+k', what: 'Commands and sessions', group: 'Everywhere', run: () => openDialog('palette'), whileTyping: true },
      { keys: '$mod+j', what: 'Next that needs you', group: 'Everywhere', run: toNext, whileTyping: true },
      { keys: 'Shift+?', what: 'This help', group: 'Everywhere', run: () => openDialog('help') },
      { keys: 'c', what: 'New session', group: 'Everywhere', run: () => navigate({ to: '/' }) },
      { keys: '/', what: 'Filter sessions', group: 'Everywhere', run: () => document.getElementById(FILTER_ID)?.focus() },
      { keys: 'g i', what: 'Inbox', group: 'Go to', run: () => navigate({ to: '/inbox' }) },
      { keys: 'g h', what: 'Health and usage', group: 'Go to', run: () => navigate({ to: '/health' }) },
      { keys: 'g s', what: 'Sessions', group: 'Go to', run: () => navigate({ to: '/' }) },
      { keys: 'g t', what: 'Settings', group: 'Go to', run: () => navigate({ to: '/settings' }) },
      { keys: 'Alt+ArrowUp', what: 'Previous session', group: 'Go to', run: step(-1), whileTyping: true },
      { keys: 'Alt+ArrowDown', what: 'Next session', group: 'Go to', run: step(1), whileTyping: true },
      ...Array.from({ length: DIRECT }, (_, index): Shortcut => ({
        keys: `Alt+${index + 1}`, what: 'Session 1 … 9 of the list', group: 'Go to', run: () => open(ids()[index]), whileTyping: true, unlisted: index > 0,
      })),
    ]
  }, [client, openDialog, sessionId])
  useShortcuts(shortcuts)

  const commands = useMemo<PaletteCommand[]>(() => [
    { id: 'new', group: 'Go to', label: 'New session', run: () => navigate({ to: '/' }) },
    { id: 'inbox', group: 'Go to', label: 'Inbox', run: () => navigate({ to: '/inbox' }) },
    { id: 'health', group: 'Go to', label: 'Health and usage', run: () => navigate({ to: '/health' }) },
    { id: 'settings', group: 'Go to', label: 'Settings', run: () => navigate({ to: '/settings' }) },
    { id: 'light', group: 'Appearance', label: 'Light theme', run: () => setTheme('light') },
    { id: 'dark', group: 'Appearance', label: 'Dark theme', run: () => setTheme('dark') },
    { id: 'system', group: 'Appearance', label: 'Theme of the system', run: () => setTheme('system') },
    { id: 'help', group: 'Help', label: 'Keys', run: () => openDialog('help') },
  ], [openDialog])
  useCommands(commands)
}
