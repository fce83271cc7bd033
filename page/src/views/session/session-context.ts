// The session a view shows, for everything inside of it.

import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Session } from '@/api/types'
import type { Feed } from '@/timeline/feed'
import type { Item, Turn } from '@/timeline/model'
import type { Row } from '@/timeline/rows'
import type { SessionState } from '@/timeline/store'

interface Shown {
  readonly session: Session
  readonly feed: Feed
}

export const SessionContext = createContext<Shown | null>(null)

export function useShown(): Shown {
  const shown = useContext(SessionContext)
  if (shown === null) throw new Error('outside of a session')
  return shown
}

export function useSession(): Session {
  return useShown().session
}

export function useRows(): readonly Row[] {
  const { store } = useShown().feed
  return useSyncExternalStore(store.listenRows, store.rows)
}

/** Changes with a turn, a question, a usage; not with text. */
export function useSessionState(): SessionState {
  const { store } = useShown().feed
  return useSyncExternalStore(store.listenState, store.state)
}

export function useItem(id: string): Item | undefined {
  const { store } = useShown().feed
  return useSyncExternalStore((listener) => store.listenItem(id, listener), () => store.item(id))
}

export function useTurn(id: string | null): Turn | undefined {
  const { store } = useShown().feed
  return useSyncExternalStore(
    (listener) => (id === null ? () => undefined : store.listenTurn(id, listener)),
    () => (id === null ? undefined : store.turn(id)),
  )
}
