// What other parts of a session's view want of its composer.

import { create } from 'zustand'

export type Menu = 'agent' | 'model' | 'mode'

/** The text's element. */
export const TEXT_ID = 'composer-text'

interface Wishes {
  /** A text to begin with, for the session it is meant for. Each wish is a new object. */
  readonly text: { readonly sessionId: string; readonly text: string } | null
  readonly menu: Menu | null
}

export const useWishes = create<Wishes>()(() => ({ text: null, menu: null }))

/** Puts a prompt into the composer, to be changed and sent again. */
export function editPrompt(sessionId: string, text: string): void {
  useWishes.setState({ text: { sessionId, text } })
}

export function openMenu(menu: Menu | null): void {
  useWishes.setState({ menu })
}
