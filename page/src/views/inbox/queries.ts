import { queryOptions } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import type { Session, SessionEvent } from '@/api/types'
import { endingOf } from './ending'

/** The end of a turn is followed by little: what it changed, what a person then did with it. */
const LAST = 60

/** How the last turn of a session ended. */
export const endingQuery = (session: Session) => queryOptions({
  queryKey: [...keys.session(session.id), 'ending', session.last_seq],
  queryFn: async () => {
    const page = await call(http.GET('/api/sessions/{session_id}/events', {
      params: { path: { session_id: session.id }, query: { before: session.last_seq + 1, limit: LAST } },
    }))
    return endingOf((page as unknown as { events: SessionEvent[] }).events)
  },
})
