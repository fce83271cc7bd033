import { useEffect } from 'react'
import { Link, useHash } from '@/app/routing'
import { ViewHeader } from '@/app/view-header'
import { buttonClass } from '@/components/button'
import { Agents } from './agents'
import { Appearance } from './appearance'
import { Projects } from './projects'
import { Rules } from './rules'

const PARTS = [
  { hash: 'agents', name: 'Agents' },
  { hash: 'projects', name: 'Projects' },
  { hash: 'rules', name: 'Rules' },
  { hash: 'appearance', name: 'Appearance' },
]

export function SettingsView() {
  const hash = useHash()
  useEffect(() => {
    if (hash !== '') document.getElementById(hash)?.scrollIntoView({ block: 'start' })
  }, [hash])
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Settings">
        <span className="grow" />
        <nav aria-label="Parts of the settings" className="flex gap-1 max-sm:hidden">
          {PARTS.map((part) => <Link key={part.hash} to="/settings" hash={part.hash} className={buttonClass('quiet')}>{part.name}</Link>)}
        </nav>
      </ViewHeader>
      <div className="min-h-0 grow overflow-y-auto px-4 py-5 lg:px-6">
        <div className="mx-auto max-w-3xl space-y-8">
          <Agents />
          <Projects />
          <Rules />
          <Appearance />
        </div>
      </div>
    </div>
  )
}
