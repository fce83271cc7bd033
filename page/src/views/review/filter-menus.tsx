import { useQuery } from '@tanstack/react-query'
import { ChevronDown } from 'lucide-react'
import { useMemo } from 'react'
import { tasksQuery } from '@/api/queries'
import { buttonClass } from '@/components/button'
import { Menu, MenuChoice } from '@/components/menu'
import { PERSON, type Span, turnWords } from './filter'
import { useReview } from './review-context'

const ALL = ''
const TURNS_SHOWN = 50
const SPANS = { session: 'Whole session', unseen: 'Not viewed' } as const

export function AgentMenu() {
  const { session, filter, setFilter } = useReview()
  const shown = filter.agent === null ? 'All agents' : filter.agent === PERSON ? 'You' : filter.agent
  return (
    <Menu label={`Written by: ${shown}`} className={buttonClass()} trigger={<>{shown}<ChevronDown size={13} aria-hidden /></>}>
      <MenuChoice
        value={filter.agent ?? ALL} onChange={(agent) => setFilter({ ...filter, agent: agent === ALL ? null : agent })}
        choices={[
          { value: ALL, label: 'All agents' },
          ...session.agents.map((agent) => ({ value: agent, label: agent })),
          { value: PERSON, label: 'You', about: 'What was changed in the worktree by hand' },
        ]}
      />
    </Menu>
  )
}

export function SpanMenu() {
  const { session, filter, setFilter, turnNumber } = useReview()
  const tasks = useQuery(tasksQuery(session.id))
  const turns = useMemo(
    () => (tasks.data ?? []).filter((task) => turnNumber(task.id) !== null)
      .toSorted((a, b) => (turnNumber(b.id) ?? 0) - (turnNumber(a.id) ?? 0)).slice(0, TURNS_SHOWN),
    [tasks.data, turnNumber],
  )
  const { span } = filter
  const shown = span.kind === 'turn' ? capital(turnWords(turnNumber(span.taskId))) : SPANS[span.kind]
  return (
    <Menu label={`Time: ${shown}`} className={buttonClass()} trigger={<>{shown}<ChevronDown size={13} aria-hidden /></>}>
      <MenuChoice
        value={span.kind === 'turn' ? span.taskId : span.kind}
        onChange={(value) => setFilter({ ...filter, span: spanOf(value) })}
        choices={[
          { value: 'session', label: 'Whole session' },
          { value: 'unseen', label: 'Since you last looked', about: 'What is not marked as viewed' },
          ...turns.map((task) => ({
            value: task.id, label: `Turn ${turnNumber(task.id)} · ${task.agent}`, about: task.input.slice(0, 80),
          })),
        ]}
      />
    </Menu>
  )
}

function spanOf(value: string): Span {
  return value === 'session' || value === 'unseen' ? { kind: value } : { kind: 'turn', taskId: value }
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
