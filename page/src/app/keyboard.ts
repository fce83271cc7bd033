// The keyboard map: every key is registered with what it does, so that the help is never out of date.

import { useEffect, useSyncExternalStore } from 'react'
import { tinykeys } from 'tinykeys'
import { usePreferences } from './preferences'

export interface Shortcut {
  /** As tinykeys reads it: `$mod+k`, `g i`, `Shift+?`. */
  readonly keys: string
  readonly what: string
  readonly group: string
  readonly run: (event: KeyboardEvent) => void
  /** Not in the help: one of several that another line speaks for. */
  readonly unlisted?: boolean
  /** Only told of in the help: what has the focus acts on it. */
  readonly told?: boolean
  /** Works while a text is being written, too. */
  readonly whileTyping?: boolean
}

const registered = new Set<readonly Shortcut[]>()
const listeners = new Set<() => void>()
let all: readonly Shortcut[] = []
let unbind = () => undefined as void

/** Makes keys act while the component is there. Give a list that stays the same object between renders. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    registered.add(shortcuts)
    rebind()
    return () => {
      registered.delete(shortcuts)
      rebind()
    }
  }, [shortcuts])
}

/** Every key that acts now. */
export function useAllShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, () => all)
}

/** Whether the event goes into a text. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && /^(radio|checkbox|button|submit)$/.test(target.type)) return false
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function rebind(): void {
  unbind()
  all = [...registered].flat()
  const bindings = Object.fromEntries(all.filter((shortcut) => !shortcut.told).map((shortcut) => [shortcut.keys, (event: KeyboardEvent) => act(shortcut, event)]))
  unbind = tinykeys(window, bindings)
  for (const listener of listeners) listener()
}

function act(shortcut: Shortcut, event: KeyboardEvent): void {
  if (event.defaultPrevented || document.querySelector('[role=dialog],[role=menu]')) return
  if (!shortcut.whileTyping && isTyping(event.target)) return
  if (!usePreferences.getState().letterKeys && isLetter(shortcut.keys)) return
  event.preventDefault()
  shortcut.run(event)
}

function isLetter(keys: string): boolean {
  return !/\$mod|Control|Alt|Meta/.test(keys) && /^.( .)?$/.test(keys.replace('Shift+', '').replace('BracketRight', ']'))
}

/** A key in the words of this machine: `Ctrl+K`, `⌘K`, `g then i`. */
export function shown(keys: string): string[] {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform)
  return keys.split(' ').map((press) =>
    press
      .replace('$mod+', mac ? '⌘' : 'Ctrl+')
      .replace('Alt+', mac ? '⌥' : 'Alt+')
      .replace('BracketRight', ']')
      .replace('Shift+?', '?')
      .replace('Shift+', mac ? '⇧' : 'Shift+')
      .replace('ArrowUp', '↑')
      .replace('ArrowDown', '↓')
      .replace(/\+([a-z])$/, (_, letter: string) => `+${letter.toUpperCase()}`),
  )
}
