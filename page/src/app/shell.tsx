import { usePath } from './routing'
import { Suspense, lazy, useEffect, useState } from 'react'
import { Splitter } from '@/components/splitter'
import { Rail } from '@/rail/rail'
import { Announcer } from './announcer'
import { useDrawer } from './drawer'
import { useGlobalShortcuts } from './global-shortcuts'
import { useNotifications } from './notifications'
import { usePreferences } from './preferences'
import { ReconnectBar } from './reconnect-bar'
import { View } from './router'
import { useTabTitle } from './tab-title'
import { ToastList } from './toast-list'

const Palette = lazy(() => import('./palette'))
const Help = lazy(() => import('./help'))

const RAIL_MIN = 220
const RAIL_MAX = 360

/** What is around every view: the rail, the reconnect bar, the dialogs that every place has. */
export function Shell() {
  const [dialog, setDialog] = useState<'palette' | 'help' | null>(null)
  const { railWidth, set } = usePreferences()
  useGlobalShortcuts(setDialog)
  useTabTitle()
  useNotifications()
  return (
    <div className="flex h-full">
      <a href="#view" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-control focus:bg-raise focus:px-3 focus:py-2">Skip to the view</a>
      <aside aria-label="Sessions" className="hidden shrink-0 lg:flex" style={{ width: railWidth }}>
        <div className="min-w-0 grow"><Rail /></div>
        <Splitter
          label="Width of the session list" value={railWidth} min={RAIL_MIN} max={RAIL_MAX} scale={1}
          onChange={(width) => set({ railWidth: width })}
        />
      </aside>
      <Drawer />
      <main id="view" tabIndex={-1} className="flex min-w-0 grow flex-col outline-none">
        <ReconnectBar />
        <div className="min-h-0 grow"><View /></div>
      </main>
      <Suspense>
        {dialog === 'palette' && <Palette onClose={() => setDialog(null)} />}
        {dialog === 'help' && <Help onClose={() => setDialog(null)} />}
      </Suspense>
      <ToastList />
      <Announcer />
    </div>
  )
}

/** The rail on a narrow screen. Going anywhere closes it. */
function Drawer() {
  const { open, set } = useDrawer()
  const path = usePath()
  useEffect(() => set(false), [path, set])
  useEffect(() => {
    if (!open) return
    const close = (event: KeyboardEvent) => event.key === 'Escape' && set(false)
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [open, set])
  if (!open) return null
  return (
    <div className="fixed inset-0 z-30 flex lg:hidden">
      <aside aria-label="Sessions" className="w-[min(20rem,85vw)] border-r border-line shadow-pop"><Rail /></aside>
      <button type="button" aria-label="Close the session list" className="grow bg-black/40" onClick={() => set(false)} />
    </div>
  )
}
