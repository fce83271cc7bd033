import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call, http } from '@/api/client'
import { ApiError, explain } from '@/api/error'
import { keys } from '@/api/keys'
import type { Project } from '@/api/types'
import { Button } from '@/components/button'
import { Field } from '@/components/field'
import { TextArea } from '@/components/text-area'
import { focusFirst } from '@/components/use-opener'
import { globsOf } from './globs'

export function ProjectForm({ project, onDone }: { project: Project; onDone: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState(project.name)
  const [setup, setSetup] = useState(project.setup_command ?? '')
  const [teardown, setTeardown] = useState(project.teardown_command ?? '')
  const [copy, setCopy] = useState(project.copy.join('\n'))
  const save = useMutation({
    mutationFn: () => call(http.PATCH('/api/projects/{project_id}', {
      params: { path: { project_id: project.id } },
      body: { name, setup_command: setup.trim() || null, teardown_command: teardown.trim() || null, copy: globsOf(copy) },
    })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.projects })
      onDone()
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const refused = save.error instanceof ApiError ? save.error.field : null
  const errorOf = (field: string) => (refused === field ? explain(save.error) : null)
  const elsewhere = save.isError && !['name', 'setup_command', 'teardown_command', 'copy'].includes(refused ?? '')
  return (
    <form ref={focusFirst} onSubmit={send} aria-label={`Edit ${project.name}`} className="mt-3 space-y-3" onKeyDown={(event) => event.key === 'Escape' && onDone()}>
      <Field label="Name" value={name} onChange={(event) => setName(event.target.value)} error={errorOf('name')} autoComplete="off" />
      <TextArea
        label="Setup command" value={setup} onChange={(event) => setSetup(event.target.value)} error={errorOf('setup_command')} rows={1} className="font-mono" spellCheck={false} placeholder="npm ci"
        hint="Runs once in each new worktree, before the first turn."
      />
      <TextArea
        label="Files to copy" value={copy} onChange={(event) => setCopy(event.target.value)} error={errorOf('copy')} rows={2} className="font-mono" spellCheck={false} placeholder={'.env\nconfig/*.local.toml'}
        hint="One pattern a line: what git does not track and a worktree needs."
      />
      <TextArea
        label="Teardown command" value={teardown} onChange={(event) => setTeardown(event.target.value)} error={errorOf('teardown_command')} rows={1} className="font-mono" spellCheck={false}
        hint="Kept for later; nothing runs it yet."
      />
      {elsewhere && <p role="alert" className="text-fail">{explain(save.error)}</p>}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={save.isPending}>{save.isPending ? 'Saving…' : 'Save'}</Button>
        <Button look="quiet" onClick={onDone}>Cancel</Button>
      </div>
    </form>
  )
}
