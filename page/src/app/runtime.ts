// What exists once per tab: the cache of answers, the socket, and the timelines of the sessions that were looked at.

import { QueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { ApiError } from '@/api/error'
import { frames } from '@/live/schedule'
import { LiveSocket } from '@/live/socket'
import { openWire } from '@/live/wire'
import { type EventPage, Feed } from '@/timeline/feed'
import { TimelineStore } from '@/timeline/store'
import { Freshness } from './freshness'

const RETRIES = 2
/** Timelines kept for coming back. The oldest unused one is dropped. */
const FEEDS_KEPT = 12

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The socket says when something changed.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < RETRIES && !(error instanceof ApiError && error.status < 500),
    },
  },
})

export const socket = new LiveSocket(openWire(), new Freshness(queryClient))

const feeds = new Map<string, Feed>()

/** The timeline of a session. Start and stop it with its view. */
export function feedOf(sessionId: string): Feed {
  const known = feeds.get(sessionId)
  if (known !== undefined) {
    feeds.delete(sessionId)
    feeds.set(sessionId, known)
    return known
  }
  const feed = new Feed(new TimelineStore(sessionId, frames()), socket, readPage)
  feeds.set(sessionId, feed)
  for (const [id, oldest] of feeds) {
    if (feeds.size <= FEEDS_KEPT) break
    if (oldest.running) continue
    feeds.delete(id)
  }
  return feed
}

async function readPage(sessionId: string, before: number, limit: number): Promise<EventPage> {
  const request = http.GET('/api/sessions/{session_id}/events', {
    params: { path: { session_id: sessionId }, query: { before, limit } },
  })
  return (await call(request)) as unknown as EventPage
}
