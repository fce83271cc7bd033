import { ChevronDown } from 'lucide-react'
import { AgentTile } from '@/agents/agent-tile'
import type { Conversation } from '@/api/types'
import { duration } from '@/components/time'
import type { Choice } from './use-choice'
import type { Past } from './use-past'

interface Current {
  readonly model: string | null
  readonly mode: string | null
}

/** What the three buttons say; null where there is nothing to choose. */
export function triggersOf(choice: Choice, current: Current): { model: string | null; mode: string | null } {
  const { agent } = choice
  const model = choice.model ?? current.model
  const mode = choice.mode ?? current.mode
  return {
    model: agent?.models.length ? (agent.models.find((one) => one.id === model)?.name ?? model ?? 'Model') : null,
    mode: agent?.modes.length ? (agent.modes.find((one) => one.id === mode)?.name ?? mode ?? 'Mode') : null,
  }
}

export function AgentWords({ choice, past }: { choice: Choice; past: Past }) {
  if (choice.agent === undefined) return null
  return (
    <span className="flex items-center gap-1.5" title={startOf(choice.conversation, past)}>
      <What>Agent</What>
      <AgentTile name={choice.agent.name} named />{' '}
      {choice.conversation?.warm ? <span className="text-ok">warm</span> : <span className="text-dim">cold</span>}
    </span>
  )
}

export function Words({ what, text }: { what: string; text: string }) {
  return <><What>{what}</What><span className="max-w-36 truncate">{text}</span><ChevronDown size={12} aria-hidden className="text-dim" /></>
}

/** What is chosen here, for screen readers: the chosen word alone would say little. */
function What({ children }: { children: string }) {
  return <span className="sr-only">{children}: </span>
}

/** What a prompt to this agent begins with, and how long that took the last time. */
export function startOf(conversation: Conversation | undefined, past: Pick<Past, 'warmMs' | 'coldMs'> | null = null): string {
  const took = (ms: number | null | undefined) => (ms == null ? '' : `, ~${duration(ms)}`)
  if (conversation === undefined) return 'not here yet: starts anew'
  if (conversation.warm) return `warm: goes on at once${took(past?.warmMs)}`
  const cold = took(past?.coldMs)
  return conversation.agent_session_id === null ? `cold: starts anew${cold}` : `cold: takes its own conversation up again${cold}`
}
