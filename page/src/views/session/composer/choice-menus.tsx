import { AgentTile } from '@/agents/agent-tile'
import { buttonClass } from '@/components/button'
import { Menu, MenuChoice } from '@/components/menu'
import type { ChoiceBarProps } from './choice-bar'
import { AgentWords, Words, startOf, triggersOf } from './choice-words'
import { type Menu as Which, TEXT_ID, openMenu } from './wishes'

const AS_IT_IS = ''

export default function ChoiceMenus({ choice, current, past, open }: ChoiceBarProps & { open: Which | null }) {
  const { agent, agents, conversations } = choice
  const triggers = triggersOf(choice, current)
  if (agent === undefined) return null
  const opening = (which: Which) => ({ open: open === which, onOpenChange: (next: boolean) => openMenu(next ? which : null), finalFocus: toText })
  return (
    <>
      <Menu {...opening('agent')} className={buttonClass()} trigger={<AgentWords choice={choice} past={past} />}>
        <MenuChoice
          value={agent.name}
          onChange={choice.setAgent}
          choices={agents.map((one) => ({
            value: one.name,
            label: <AgentTile name={one.name} named />,
            about: startOf(conversations.find((other) => other.agent === one.name), one.name === agent.name ? past : null),
          }))}
        />
      </Menu>
      {triggers.model !== null && (
        <Menu {...opening('model')} className={buttonClass()} trigger={<Words what="Model" text={triggers.model} />}>
          <MenuChoice
            value={choice.model ?? current.model ?? AS_IT_IS} onChange={choice.setModel}
            choices={agent.models.map((model) => ({ value: model.id, label: model.name || model.id }))}
          />
        </Menu>
      )}
      {triggers.mode !== null && (
        <Menu {...opening('mode')} className={buttonClass()} trigger={<Words what="Mode" text={triggers.mode} />}>
          <MenuChoice
            value={choice.mode ?? current.mode ?? AS_IT_IS} onChange={choice.setMode}
            choices={agent.modes.map((mode) => ({ value: mode.id, label: mode.name || mode.id, about: mode.description }))}
          />
        </Menu>
      )}
    </>
  )
}

/** Whoever chose goes on writing. */
function toText(): HTMLElement | null {
  return document.getElementById(TEXT_ID)
}
