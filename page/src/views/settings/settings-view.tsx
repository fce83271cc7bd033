import { useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ViewHeader } from '@/app/view-header'
import { Agents } from './agents'
import { Appearance } from './appearance'
import { Projects } from './projects'
import { Rules } from './rules'

export function SettingsView() {
  const hash = useRouterState({ select: (state) => state.location.hash })
  useEffect(() => {
    if (hash !== '') document.getElementById(hash)?.scrollIntoView({ block: 'start' })
  }, [hash])
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Settings" />
      <div className="min-h-0 grow overflow-y-auto px-4 py-5 lg:px-6">
        <div className="mx-auto max-w-3xl space-y-8">
          <Appearance />
          <Agents />
          <Projects />
          <Rules />
        </div>
      </div>
    </div>
  )
}
