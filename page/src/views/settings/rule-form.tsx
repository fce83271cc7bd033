import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call, http } from '@/api/client'
import { ApiError, explain } from '@/api/error'
import { keys } from '@/api/keys'
import { agentsQuery, projectsQuery } from '@/api/queries'
import { Button } from '@/components/button'
import { Field } from '@/components/field'
import { Select } from '@/components/select'
import { focusFirst } from '@/components/use-opener'
import { TOOLS, matcherOf } from './rule-words'

const ANY = ''
const DECISIONS = [{ value: 'allow', label: 'Allow' }, { value: 'deny', label: 'Deny' }] as const

export function RuleForm({ onDone }: { onDone: () => void }) {
  const client = useQueryClient()
  const { data: agents = [] } = useQuery(agentsQuery)
  const { data: projects = [] } = useQuery(projectsQuery)
  const [decision, setDecision] = useState<'allow' | 'deny'>('allow')
  const [tool, setTool] = useState('execute')
  const [pattern, setPattern] = useState('')
  const [project, setProject] = useState(ANY)
  const [agent, setAgent] = useState(ANY)
  const add = useMutation({
    mutationFn: () => call(http.POST('/api/permission-rules', {
      body: {
        decision, matcher: matcherOf(tool, pattern), agent: agent === ANY ? null : agent,
        ...(project === ANY ? { scope: 'global' } : { scope: 'project', project_id: project }),
      },
    })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.rules })
      onDone()
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  const inPattern = add.error instanceof ApiError && add.error.field === 'matcher'
  return (
    <form ref={focusFirst} onSubmit={send} aria-label="New rule" className="space-y-3 rounded-card border border-line2 bg-raise p-3" onKeyDown={(event) => event.key === 'Escape' && onDone()}>
      <div className="grid gap-3 sm:grid-cols-4">
        <Select label="Decision" value={decision} onChange={(value) => setDecision(value === 'deny' ? 'deny' : 'allow')} options={DECISIONS} />
        <Select label="Agent" value={agent} onChange={setAgent} options={[{ value: ANY, label: 'Any agent' }, ...agents.map((one) => ({ value: one.name, label: one.label }))]} />
        <Select label="To do what" value={tool} onChange={setTool} options={TOOLS} />
        <Select label="Where" value={project} onChange={setProject} options={[{ value: ANY, label: 'Everywhere' }, ...projects.map((one) => ({ value: one.id, label: one.name }))]} />
      </div>
      <Field
        label="Only what looks like this" value={pattern} onChange={(event) => setPattern(event.target.value)} placeholder="npm test *" className="font-mono"
        hint="* stands for anything. Empty: all of it." error={inPattern ? explain(add.error) : null} autoComplete="off" spellCheck={false}
      />
      {add.isError && !inPattern && <p role="alert" className="text-fail">{explain(add.error)}</p>}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={add.isPending}>{add.isPending ? 'Adding…' : 'Add the rule'}</Button>
        <Button look="quiet" onClick={onDone}>Cancel</Button>
      </div>
    </form>
  )
}
