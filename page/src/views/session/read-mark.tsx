import { useEffect } from 'react'
import { http } from '@/api/client'
import { useSession, useSessionState } from './session-context'

const SETTLES = 800

/** Tells the server what was seen, a moment after it was: while nobody looks, nothing is read. */
export function ReadMark() {
  const session = useSession()
  const { lastSeq, running } = useSessionState()
  const wanted = running === null && lastSeq > session.read_seq
  useEffect(() => {
    if (!wanted) return
    const mark = () => {
      if (document.visibilityState !== 'visible') return
      void http.PATCH('/api/sessions/{session_id}', { params: { path: { session_id: session.id } }, body: { read_seq: lastSeq } }).catch(() => undefined)
    }
    const timer = setTimeout(mark, SETTLES)
    document.addEventListener('visibilitychange', mark)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', mark)
    }
  }, [wanted, lastSeq, session.id])
  return null
}
