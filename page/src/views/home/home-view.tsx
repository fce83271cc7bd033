import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { agentsQuery, projectsQuery } from '@/api/queries'
import { explain } from '@/api/error'
import type { AgentInfo, Project } from '@/api/types'
import { ViewHeader } from '@/app/view-header'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { FirstRun } from '@/views/first-run/first-run'
import { NewSession } from './new-session'

/** Where one begins: a folder, an agent, a prompt. The first time there is nothing else to do before. */
export function HomeView() {
  const projects = useQuery(projectsQuery)
  const agents = useQuery(agentsQuery)
  const error = projects.error ?? agents.error
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="New session" />
      <div className="min-h-0 grow overflow-y-auto px-4 pt-[8vh] pb-8">
        <div className="mx-auto max-w-xl">
          {error && <Notice tone="fail" title="The start could not be read">{explain(error)}</Notice>}
          {(projects.isPending || agents.isPending) && <Skeleton rows={4} label="Loading" />}
          {projects.data && agents.data && <Start projects={projects.data} agents={agents.data} />}
        </div>
      </div>
    </div>
  )
}

/** What it is when one comes stays until one leaves: the first prompt registers the folder on its way. */
function Start({ projects, agents }: { projects: readonly Project[]; agents: readonly AgentInfo[] }) {
  const usable = agents.some((agent) => agent.installed && agent.enabled)
  const [first] = useState(projects.length === 0 || !usable)
  return first ? <FirstRun projects={projects} agents={agents} /> : <NewSession projects={projects} agents={agents} />
}
