import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useEffect, useMemo, useState } from 'react'
import { call, http } from '@/api/client'
import { ApiError } from '@/api/error'
import { sessionsQuery } from '@/api/queries'
import type { Session } from '@/api/types'
import { ErrorScreen, NotFound } from '@/app/error-screen'
import { usePreferences } from '@/app/preferences'
import { useSessionId } from '@/app/routing'
import { feedOf } from '@/app/runtime'
import { ViewHeader } from '@/app/view-header'
import { Skeleton } from '@/components/skeleton'
import { Splitter } from '@/components/splitter'
import { Composer } from './composer/composer'
import { Announcements } from './announcements'
import { ReadMark } from './read-mark'
import { SessionContext, useSessionState } from './session-context'
import { SessionHeader } from './session-header'
import { TimelineList } from './timeline/timeline-list'
import { usePanel } from './use-panel'

const ReviewPanel = lazy(() => import('@/views/review/review-panel').then((found) => ({ default: found.ReviewPanel })))

const PermissionDock = lazy(() => import('./dock/permission-dock').then((found) => ({ default: found.PermissionDock })))

const SHARE_MIN = 25
const SHARE_MAX = 70

export function SessionView() {
  const sessionId = useSessionId() ?? ''
  const found = useSessionLine(sessionId)
  if (found.error instanceof ApiError && found.error.status === 404) return <NotFound />
  if (found.error) return <ErrorScreen error={found.error} />
  if (!found.session) {
    return (
      <>
        <ViewHeader title="" />
        <Skeleton rows={6} label="Loading the session" />
      </>
    )
  }
  return <Shown key={sessionId} session={found.session} />
}

/** The session from the list; one that is not in it (archived) by itself. */
function useSessionLine(sessionId: string): { session: Session | undefined; error: Error | null } {
  const list = useQuery({ ...sessionsQuery, select: (sessions) => sessions.find((session) => session.id === sessionId) })
  const alone = useQuery({
    queryKey: ['session', sessionId, 'line'],
    queryFn: () => call(http.GET('/api/sessions/{session_id}', { params: { path: { session_id: sessionId } } })),
    enabled: list.isSuccess && list.data === undefined,
  })
  return { session: list.data ?? alone.data, error: list.error ?? alone.error }
}

function Shown({ session }: { session: Session }) {
  const feed = feedOf(session.id)
  const [failure, setFailure] = useState<unknown>(null)
  useEffect(() => {
    feed.start().catch(setFailure)
    return () => feed.stop()
  }, [feed])
  const { panelShare, set } = usePreferences()
  const { beside, open, toggle } = usePanel(session.id)
  const shown = useMemo(() => ({ session, feed }), [session, feed])
  const conversation = beside || !open
  return (
    <SessionContext value={shown}>
      <div className="flex h-full">
        {conversation && (
          <div className="flex min-w-0 grow flex-col lg:min-w-[26rem]">
            <SessionHeader panelOpen={open} onTogglePanel={toggle} />
            {failure === null ? <TimelineList /> : <ErrorScreen error={failure} />}
            <div className="mx-auto w-full max-w-[48rem] shrink-0 space-y-2 px-3 pb-3 lg:px-4">
              <Dock />
              <Composer />
            </div>
          </div>
        )}
        {open && beside && (
          <Splitter
            label="Width of the changes" value={panelShare} min={SHARE_MIN} max={SHARE_MAX} scale={-100 / innerWidth}
            onChange={(share) => set({ panelShare: share })}
          />
        )}
        {open && (
          <aside aria-label="Changes" className="flex min-w-0 flex-col bg-bg grow" style={beside ? { width: `${panelShare}%`, flexShrink: 0 } : undefined}>
            <Suspense fallback={<Skeleton rows={6} label="Loading the changes" />}><ReviewPanel onClose={toggle} /></Suspense>
          </aside>
        )}
      </div>
      <Announcements />
      <ReadMark />
    </SessionContext>
  )
}

function Dock() {
  const { asks } = useSessionState()
  return asks.length > 0 && <Suspense><PermissionDock /></Suspense>
}
