import { type FormEvent, type KeyboardEvent, useState } from 'react'
import { AgentTile } from '@/agents/agent-tile'
import { ApiError, explain } from '@/api/error'
import type { AgentInfo, Project } from '@/api/types'
import { usePreferences } from '@/app/preferences'
import { Link } from '@/app/routing'
import { Button } from '@/components/button'
import { Field } from '@/components/field'
import { useStart } from './use-start'

const OTHER = ''

export function NewSession({ projects, agents }: { projects: readonly Project[]; agents: readonly AgentInfo[] }) {
  const lastAgent = usePreferences((preferences) => preferences.lastAgent)
  const usable = agents.filter((agent) => agent.installed && agent.enabled)
  const [projectId, setProjectId] = useState(projects[0]?.id ?? OTHER)
  const [path, setPath] = useState('')
  const [agent, setAgent] = useState(() => (usable.find((one) => one.name === lastAgent) ?? usable[0])?.name ?? '')
  const [input, setInput] = useState('')
  const start = useStart()
  const known = projects.some((project) => project.id === projectId)
  const ready = agent !== '' && input.trim() !== '' && (known || path.trim() !== '') && !start.isPending
  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (!ready) return
    start.mutate({ projectId: known ? projectId : null, path: path.trim(), agent, input })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  const inPath = start.error instanceof ApiError && start.error.field === 'path'
  return (
    <form onSubmit={send} className="space-y-5">
      <h2 className="text-title">{projects.length === 0 ? 'What should be worked on?' : 'What is next?'}</h2>
      {projects.length > 0 && (
        <label className="block">
          <span className="mb-1 block font-medium">Repository</span>
          <select value={projectId} onChange={(event) => setProjectId(event.target.value)} className="h-9 w-full rounded-control border border-line2 bg-raise px-2.5 text-talk">
            {projects.map((project) => <option key={project.id} value={project.id}>{project.name} — {project.path}</option>)}
            <option value={OTHER}>Another folder…</option>
          </select>
        </label>
      )}
      {!known && (
        <Field
          label="Folder of the repository" value={path} onChange={(event) => setPath(event.target.value)} placeholder="/home/me/project"
          hint="A git repository on the machine where Roundhouse runs. Agents work in copies of it, never in it." error={inPath ? explain(start.error) : null}
          autoComplete="off" spellCheck={false} className="font-mono"
        />
      )}
      <Agents agents={usable} chosen={agent} onChoose={setAgent} />
      <label className="block">
        <span className="mb-1 block font-medium">Prompt</span>
        <textarea
          value={input} onChange={(event) => setInput(event.target.value)} onKeyDown={onKeyDown} rows={3} placeholder="What should be done? Enter sends."
          className="block field-sizing-content max-h-[40vh] min-h-20 w-full resize-none rounded-composer border border-line2 bg-raise px-3.5 py-3 text-talk placeholder:text-dim"
        />
      </label>
      {start.isError && !inPath && <p role="alert" className="text-fail">{explain(start.error)}</p>}
      <Button type="submit" look="primary" disabled={!ready}>{start.isPending ? 'Starting…' : 'Start'}</Button>
    </form>
  )
}

function Agents({ agents, chosen, onChoose }: { agents: readonly AgentInfo[]; chosen: string; onChoose: (name: string) => void }) {
  if (agents.length === 0) return <p className="text-fail">No agent is installed and enabled. <Link to="/settings" className="underline">Settings</Link> say how.</p>
  return (
    <fieldset>
      <legend className="mb-1 font-medium">Agent</legend>
      <div className="flex flex-wrap gap-2">
        {agents.map((agent) => (
          <label key={agent.name} className="touch flex h-8 cursor-pointer items-center gap-2 rounded-control border border-line2 bg-raise px-2.5 has-checked:border-brand has-checked:ring-1 has-checked:ring-brand has-focus-visible:outline-2 has-focus-visible:outline-brand">
            <input type="radio" name="agent" value={agent.name} checked={chosen === agent.name} onChange={() => onChoose(agent.name)} className="sr-only" />
            <AgentTile name={agent.name} />
            {agent.label}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
