// Keeps what was read true: the socket's lines go into the kept lists, and what hangs on them is read again.

import type { QueryClient } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import { dropSession, putSession, sessionsQuery } from '@/api/queries'
import type { Session } from '@/api/types'
import type { Summaries } from '@/live/socket'

export class Freshness implements Summaries {
  readonly #client: QueryClient

  constructor(client: QueryClient) {
    this.#client = client
  }

  changed(session: Session): void {
    const before = this.#client.getQueryData(sessionsQuery.queryKey)?.find((known) => known.id === session.id)
    putSession(this.#client, session)
    // While an agent talks, a line comes every second in which only the number of the last event moved.
    if (before !== undefined && told(before) === told(session)) return
    void this.#client.invalidateQueries({ queryKey: keys.session(session.id) })
    void this.#client.invalidateQueries({ queryKey: keys.inbox })
  }

  deleted(sessionId: string): void {
    dropSession(this.#client, sessionId)
    void this.#client.invalidateQueries({ queryKey: keys.inbox })
  }

  missed(): void {
    void this.#client.invalidateQueries()
  }
}

function told(session: Session): string {
  const { last_seq: _, updated_at: __, unread: ___, ...rest } = session
  return JSON.stringify(rest)
}
