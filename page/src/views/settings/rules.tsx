import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { call, http } from '@/api/client'
import { explain } from '@/api/error'
import { keys } from '@/api/keys'
import { projectsQuery, sessionsQuery } from '@/api/queries'
import type { PermissionRule } from '@/api/types'
import { useLine } from '@/app/reconnect-bar'
import { toast, toastError } from '@/app/toasts'
import { Button, IconButton } from '@/components/button'
import { Chip } from '@/components/chip'
import { Notice } from '@/components/notice'
import { Section } from '@/components/section'
import { Skeleton } from '@/components/skeleton'
import { useOpener } from '@/components/use-opener'
import { rulesQuery } from './queries'
import { RuleForm } from './rule-form'
import { ruleWords } from './rule-words'

export function Rules() {
  const rules = useQuery(rulesQuery)
  const adding = useOpener()
  const offline = useLine().state === 'lost'
  return (
    <Section
      id="rules" title="Permission rules"
      about="What agents may do without asking, and what they may never do. A denial beats all that allows; then the nearest rule counts."
      actions={<Button ref={adding.button} aria-expanded={adding.open} onClick={adding.toggle} disabled={offline}><Plus size={14} aria-hidden />Add a rule</Button>}
    >
      <div className="space-y-3">
        {adding.open && <RuleForm onDone={adding.close} />}
        {rules.isPending && <Skeleton rows={3} label="Loading the rules" />}
        {rules.isError && <Notice tone="fail" title="The rules could not be read" actions={<Button onClick={() => void rules.refetch()}>Try again</Button>}>{explain(rules.error)}</Notice>}
        {rules.data?.length === 0 && !adding.open && <p className="rounded-card border border-line bg-raise px-3 py-4 text-dim">No rules: agents ask each time. An answer that is to be remembered becomes a rule here.</p>}
        {rules.data && rules.data.length > 0 && (
          <ul className="divide-y divide-line rounded-card border border-line bg-raise">
            {rules.data.map((rule) => <RuleRow key={rule.id} rule={rule} offline={offline} />)}
          </ul>
        )}
      </div>
    </Section>
  )
}

function RuleRow({ rule, offline }: { rule: PermissionRule; offline: boolean }) {
  const client = useQueryClient()
  const renew = () => client.invalidateQueries({ queryKey: keys.rules })
  const where = useWhere(rule)
  const { what, pattern } = ruleWords(rule)
  const restore = () => {
    const { scope, matcher, decision, session_id = null, project_id = null, agent = null } = rule
    call(http.POST('/api/permission-rules', { body: { scope, matcher, decision, session_id, project_id, agent } })).then(renew, toastError)
  }
  const remove = useMutation({
    mutationFn: () => call(http.DELETE('/api/permission-rules/{rule_id}', { params: { path: { rule_id: rule.id } } })),
    onSuccess: () => toast('The rule is deleted.', { action: { label: 'Undo', run: restore } }),
    onError: toastError,
    onSettled: renew,
  })
  const who = rule.agent ?? 'any agent'
  return (
    <li className="flex items-start gap-3 py-2 pr-2 pl-3">
      <span className="mt-0.5 w-13 shrink-0"><Chip tone={rule.decision === 'allow' ? 'ok' : 'fail'}>{rule.decision === 'allow' ? 'allow' : 'deny'}</Chip></span>
      <span className="min-w-0 grow py-0.5">
        <span className="block break-words">{who} to {what}{pattern !== null && <>: <code className="font-mono text-code break-all">{pattern}</code></>}</span>
        <span className="block truncate text-meta text-dim">{where}</span>
      </span>
      <IconButton label={`Delete the rule that ${rule.decision === 'allow' ? 'allows' : 'denies'} ${who} to ${what}`} disabled={offline || remove.isPending} onClick={() => remove.mutate()}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
    </li>
  )
}

function useWhere(rule: PermissionRule): string {
  const { data: projects = [] } = useQuery(projectsQuery)
  const { data: sessions = [] } = useQuery(sessionsQuery)
  if (rule.scope === 'global') return 'everywhere'
  if (rule.scope === 'project') return `in the project ${projects.find((one) => one.id === rule.project_id)?.name ?? rule.project_id}`
  return `in the session ${sessions.find((one) => one.id === rule.session_id)?.title ?? rule.session_id}`
}
