// What the loaded turns say about the agents: what each one missed, and how long each took to be there.

import { useMemo } from 'react'
import type { Turn } from '@/timeline/model'
import { useRows, useSessionState, useShown } from '../session-context'

export interface Past {
  /** Turns of others since its last one, and the files they changed. */
  readonly missed: { readonly turns: number; readonly files: number }
  /** Whether it has had a turn here. */
  readonly known: boolean
  /** Milliseconds until it was ready, the last time. */
  readonly warmMs: number | null
  readonly coldMs: number | null
}

export function usePast(agent: string | undefined): Past {
  const { store } = useShown().feed
  const rows = useRows()
  const { last } = useSessionState()
  const ended = last?.endedAt
  return useMemo(() => {
    void ended
    const turns = rows.flatMap((row) => (row.kind === 'prompt' ? [store.turn(row.turnId)] : [])).filter((turn): turn is Turn => turn !== undefined)
    return pastOf(turns, agent)
  }, [rows, store, agent, ended])
}

export function pastOf(turns: readonly Turn[], agent: string | undefined): Past {
  const own = turns.findLastIndex((turn) => turn.agent === agent)
  const missed = turns.slice(own + 1).filter((turn) => turn.endedAt !== null)
  const files = new Set(missed.flatMap((turn) => turn.changes?.map((file) => file.path) ?? []))
  const took = (warm: boolean) => turns.findLast((turn) => turn.agent === agent && turn.ready?.warm === warm)?.ready?.ms ?? null
  return { missed: { turns: missed.length, files: files.size }, known: own >= 0, warmMs: took(true), coldMs: took(false) }
}
