import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import type { Project } from '@/api/types'
import { toast, toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { useOpener } from '@/components/use-opener'
import { ProjectForm } from './project-form'

export function ProjectRow({ project, offline }: { project: Project; offline: boolean }) {
  const editing = useOpener()
  const [removing, setRemoving] = useState(false)
  const facts = [
    project.setup_command && `sets up with ${project.setup_command}`,
    project.copy.length > 0 && `copies ${project.copy.join(', ')}`,
  ].filter(Boolean)
  return (
    <li className="px-3 py-2.5">
      <div className="flex flex-wrap items-start gap-2">
        <div className="min-w-0 grow basis-48">
          <p className="font-medium break-words">{project.name}</p>
          <p className="font-mono text-code break-all text-dim">{project.path}</p>
          {facts.length > 0 && <p className="break-words text-dim">{facts.join(' · ')}</p>}
        </div>
        <div className="flex gap-1">
          <Button ref={editing.button} aria-expanded={editing.open} disabled={offline} aria-label={`Edit ${project.name}`} onClick={editing.toggle}>Edit</Button>
          <Button look="quiet" disabled={offline} aria-label={`Remove ${project.name}`} onClick={() => setRemoving(true)}>Remove</Button>
        </div>
      </div>
      {editing.open && <ProjectForm project={project} onDone={editing.close} />}
      {removing && <Remove project={project} onDone={() => setRemoving(false)} />}
    </li>
  )
}

function Remove({ project, onDone }: { project: Project; onDone: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call(http.DELETE('/api/projects/{project_id}', { params: { path: { project_id: project.id } } })),
    onSuccess: () => toast(`${project.name} is removed. Its folder was left alone.`),
    onError: toastError,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: keys.projects })
      onDone()
    },
  })
  return (
    <Dialog open onOpenChange={(shown) => !shown && onDone()} title={`Remove ${project.name}?`}>
      <div className="space-y-4 p-4">
        <p>Roundhouse forgets the project and its rules. The folder <code className="font-mono text-code break-all">{project.path}</code> is left alone. A project that has sessions is kept.</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onDone}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>Remove</Button>
        </div>
      </div>
    </Dialog>
  )
}
