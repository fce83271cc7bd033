import { type ReactNode, Suspense, lazy, useEffect, useMemo, useState } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'
import { buttonClass } from '@/components/button'
import { AgentWords, Words, triggersOf } from './choice-words'
import type { Choice } from './use-choice'
import type { Past } from './use-past'
import { type Menu, openMenu, useWishes } from './wishes'

const menus = () => import('./choice-menus')
// Menus are a third of what the page would weigh, and nothing before the first click needs them.
const ChoiceMenus = lazy(menus)

const MENU_KEYS = [
  { keys: 'Alt+a', what: 'Choose the agent', menu: 'agent' },
  { keys: 'Alt+m', what: 'Choose the model', menu: 'model' },
  { keys: 'Alt+p', what: 'Choose the mode', menu: 'mode' },
] as const

export interface ChoiceBarProps {
  readonly choice: Choice
  readonly current: { readonly model: string | null; readonly mode: string | null }
  readonly past: Past
}

/** Agent, model and mode of the next prompt. */
export function ChoiceBar(props: ChoiceBarProps) {
  const open = useWishes((wishes) => wishes.menu)
  const [wanted, setWanted] = useState(false)
  useEffect(() => {
    if (open !== null) setWanted(true)
  }, [open])
  useEffect(() => () => openMenu(null), [])
  const shortcuts = useMemo<Shortcut[]>(
    () => MENU_KEYS.map(({ keys, what, menu }) => ({ keys, what, group: 'Writing', run: () => openMenu(menu), whileTyping: true })), [],
  )
  useShortcuts(shortcuts)
  const plain = <Plain {...props} />
  if (props.choice.agent === undefined) return null
  return wanted ? <Suspense fallback={plain}><ChoiceMenus {...props} open={open} /></Suspense> : plain
}

/** What looks like the menus until they are asked for. */
function Plain({ choice, current, past }: ChoiceBarProps) {
  const triggers = triggersOf(choice, current)
  const button = (menu: Menu, children: ReactNode) => (
    <button
      key={menu} type="button" aria-haspopup="menu" aria-expanded={false} className={buttonClass()}
      onPointerEnter={() => void menus()} onFocus={() => void menus()} onClick={() => openMenu(menu)}
    >
      {children}
    </button>
  )
  return (
    <>
      {choice.agent && button('agent', <AgentWords choice={choice} past={past} />)}
      {triggers.model && button('model', <Words what="Model" text={triggers.model} />)}
      {triggers.mode && button('mode', <Words what="Mode" text={triggers.mode} />)}
    </>
  )
}
