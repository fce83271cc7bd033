import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { call, http } from '@/api/client'
import { ApiError, explain } from '@/api/error'
import { keys } from '@/api/keys'
import { projectsQuery } from '@/api/queries'
import { useLine } from '@/app/reconnect-bar'
import { toast } from '@/app/toasts'
import { Button } from '@/components/button'
import { Field } from '@/components/field'
import { Notice } from '@/components/notice'
import { Section } from '@/components/section'
import { Skeleton } from '@/components/skeleton'
import { focusFirst, useOpener } from '@/components/use-opener'
import { ProjectRow } from './project-row'

export function Projects() {
  const projects = useQuery(projectsQuery)
  const adding = useOpener()
  const offline = useLine().state === 'lost'
  return (
    <Section
      id="projects" title="Projects" about="The git repositories that agents work on. Each session gets a worktree of its own; the checkout itself is only written when you apply."
      actions={<Button ref={adding.button} aria-expanded={adding.open} onClick={adding.toggle} disabled={offline}><Plus size={14} aria-hidden />Add a project</Button>}
    >
      <div className="space-y-3">
        {adding.open && <AddProject onDone={adding.close} />}
        {projects.isPending && <Skeleton rows={3} label="Loading the projects" />}
        {projects.isError && <Notice tone="fail" title="The projects could not be read" actions={<Button onClick={() => void projects.refetch()}>Try again</Button>}>{explain(projects.error)}</Notice>}
        {projects.data?.length === 0 && !adding.open && <p className="rounded-card border border-line bg-raise px-3 py-4 text-dim">No project yet. Add one here, or start a session in a folder.</p>}
        {projects.data && projects.data.length > 0 && (
          <ul className="divide-y divide-line rounded-card border border-line bg-raise">
            {projects.data.map((project) => <ProjectRow key={project.id} project={project} offline={offline} />)}
          </ul>
        )}
      </div>
    </Section>
  )
}

function AddProject({ onDone }: { onDone: () => void }) {
  const client = useQueryClient()
  const [path, setPath] = useState('')
  const add = useMutation({
    mutationFn: () => call(http.POST('/api/projects', { body: { path: path.trim() } })),
    onSuccess: async (project) => {
      const known = client.getQueryData(projectsQuery.queryKey)?.some((one) => one.id === project.id)
      await client.invalidateQueries({ queryKey: keys.projects })
      toast(known ? `${project.name} was there already.` : `${project.name} is added.`)
      onDone()
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (path.trim() !== '') add.mutate()
  }
  const inPath = add.error instanceof ApiError && add.error.field === 'path'
  return (
    <form ref={focusFirst} onSubmit={send} aria-label="New project" className="space-y-3 rounded-card border border-line2 bg-raise p-3" onKeyDown={(event) => event.key === 'Escape' && onDone()}>
      <Field
        label="Folder" value={path} onChange={(event) => setPath(event.target.value)} placeholder="/home/me/project" className="font-mono" autoComplete="off" spellCheck={false}
        hint="A git repository on the machine where Roundhouse runs." error={inPath ? explain(add.error) : null}
      />
      {add.isError && !inPath && <p role="alert" className="text-fail">{explain(add.error)}</p>}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={path.trim() === '' || add.isPending}>{add.isPending ? 'Looking at it…' : 'Add'}</Button>
        <Button look="quiet" onClick={onDone}>Cancel</Button>
      </div>
    </form>
  )
}
