// What the palette offers beside sessions. A view adds its own while it is there.

import { useEffect } from 'react'
import { create } from 'zustand'

export interface PaletteCommand {
  readonly id: string
  readonly group: string
  readonly label: string
  readonly run: () => void
}

interface Commands {
  readonly lists: readonly (readonly PaletteCommand[])[]
}

const useLists = create<Commands>()(() => ({ lists: [] }))

/** Offers commands while the component is there. Give a list that stays the same object between renders. */
export function useCommands(commands: readonly PaletteCommand[]): void {
  useEffect(() => {
    useLists.setState(({ lists }) => ({ lists: [...lists, commands] }))
    return () => useLists.setState(({ lists }) => ({ lists: lists.filter((list) => list !== commands) }))
  }, [commands])
}

export function useAllCommands(): readonly PaletteCommand[] {
  return useLists((found) => found.lists).flat()
}
