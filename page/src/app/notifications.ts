// The desktop tells that something waits, while nobody looks at the page. Only for who asked for it.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'
import { inboxQuery } from '@/api/queries'
import type { InboxItem } from '@/api/types'
import { type PaletteCommand, useCommands } from './commands'
import { usePreferences } from './preferences'
import { navigate } from './routing'
import { toast } from './toasts'

/** Whether this browser can do it at all. */
export const CAN_NOTIFY = 'Notification' in globalThis

/** Asks the browser for leave; the choice is kept. */
export async function setNotify(notify: boolean): Promise<void> {
  const granted = notify && CAN_NOTIFY && (await Notification.requestPermission()) === 'granted'
  usePreferences.getState().set({ notify: granted })
  if (notify && !granted) toast('This browser does not allow notifications of this page.', { failed: true })
}

export function useNotifications(): void {
  const { data } = useQuery(inboxQuery)
  const notify = usePreferences((preferences) => preferences.notify)
  const known = useRef<ReadonlySet<string> | null>(null)
  useEffect(() => {
    if (data === undefined) return
    const before = known.current
    known.current = new Set(data.map(keyOf))
    if (before === null || !notify || !CAN_NOTIFY || document.visibilityState === 'visible') return
    for (const item of data) if (!before.has(keyOf(item))) show(item)
  }, [data, notify])
  useCommands(useMemo<PaletteCommand[]>(() => (!CAN_NOTIFY ? [] : [
    { id: 'notify', group: 'Appearance', label: notify ? 'No desktop notifications' : 'Desktop notifications when something waits', run: () => void setNotify(!notify) },
  ]), [notify]))
}

function show(item: InboxItem): void {
  const { permission } = item
  const title = permission ? `${permission.agent} asks` : 'A turn failed'
  // One per session: the latest says it.
  const shown = new Notification(title, { body: permission?.title ?? item.title, tag: item.session_id })
  shown.addEventListener('click', () => {
    focus()
    navigate({ to: '/sessions/$sessionId', params: { sessionId: item.session_id } })
    shown.close()
  })
}

function keyOf(item: InboxItem): string {
  return item.permission?.id ?? `${item.session_id}@${item.at}`
}
