import { ChevronDown } from 'lucide-react'
import { AgentTile } from '@/agents/agent-tile'
import { buttonClass } from '@/components/button'
import { Menu, MenuChoice } from '@/components/menu'
import type { Conversation } from '@/api/types'
import type { Choice } from './use-choice'

const AS_IT_IS = ''

/** Agent, model and mode of the next prompt. */
export default function ChoiceMenus({ choice, current }: { choice: Choice; current: { model: string | null; mode: string | null } }) {
  const { agent, agents, conversations } = choice
  if (agent === undefined) return null
  const models = agent.models.map((model) => ({ value: model.id, label: model.name || model.id }))
  const modes = agent.modes.map((mode) => ({ value: mode.id, label: mode.name || mode.id, about: mode.description }))
  const model = choice.model ?? current.model ?? AS_IT_IS
  const mode = choice.mode ?? current.mode ?? AS_IT_IS
  return (
    <>
      <Menu className={buttonClass()} trigger={<><What>Agent</What><AgentTile name={agent.name} named /> <Warmth conversation={choice.conversation} /></>}>
        <MenuChoice
          value={agent.name}
          onChange={choice.setAgent}
          choices={agents.map((one) => ({
            value: one.name, label: <AgentTile name={one.name} named />, about: startOf(conversations.find((other) => other.agent === one.name)),
          }))}
        />
      </Menu>
      {models.length > 0 && (
        <Menu className={buttonClass()} trigger={<><What>Model</What><Words text={nameOf(models, model)} /></>}>
          <MenuChoice value={model} onChange={choice.setModel} choices={models} />
        </Menu>
      )}
      {modes.length > 0 && (
        <Menu className={buttonClass()} trigger={<><What>Mode</What><Words text={nameOf(modes, mode, 'Mode')} /></>}>
          <MenuChoice value={mode} onChange={choice.setMode} choices={modes} />
        </Menu>
      )}
    </>
  )
}

/** What is chosen here, for screen readers; the chosen word alone would say little. */
function What({ children }: { children: string }) {
  return <span className="sr-only">{children}: </span>
}

function Words({ text }: { text: string }) {
  return <><span className="max-w-36 truncate">{text}</span><ChevronDown size={12} aria-hidden className="text-dim" /></>
}

function Warmth({ conversation }: { conversation: Conversation | undefined }) {
  return conversation?.warm ? <span className="text-ok">warm</span> : <span className="text-dim">cold</span>
}

/** What a prompt to this agent begins with. */
function startOf(conversation: Conversation | undefined): string {
  if (conversation === undefined) return 'not here yet: starts anew'
  if (conversation.warm) return 'warm: goes on at once'
  return conversation.agent_session_id === null ? 'cold: starts anew' : 'cold: takes its own conversation up again'
}

function nameOf(choices: readonly { value: string; label: string }[], value: string, otherwise = 'Model'): string {
  return choices.find((choice) => choice.value === value)?.label ?? (value === AS_IT_IS ? otherwise : value)
}
