import { Menu } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from '@/components/button'
import { useDrawer } from './drawer'

/** The top line of a view: its title, and what can be done with all of it. */
export function ViewHeader({ title, children }: { title: ReactNode; children?: ReactNode }) {
  const setDrawer = useDrawer((drawer) => drawer.set)
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-3 lg:px-4">
      <span className="lg:hidden"><IconButton label="Sessions" onClick={() => setDrawer(true)}><Menu size={16} aria-hidden /></IconButton></span>
      <h1 className="min-w-0 shrink truncate text-talk font-semibold">{title}</h1>
      {children}
    </header>
  )
}
