import { useEffect, useRef } from 'react'
import { announce } from '@/app/announcer'
import { useSessionState } from './session-context'

/** Says what happened to who cannot see it: a question came, a turn ended. Only what is new counts. */
export function Announcements() {
  const { asks, last, caughtUp } = useSessionState()
  const ask = asks[0]
  const ended = last !== null && last.endedAt !== null ? last : null
  const settled = useRef(false)
  useEffect(() => {
    if (settled.current && ask) announce(`${ask.agent ?? 'The agent'} ${ask.question ? 'has a question' : 'asks for a permission'}: ${ask.title}`)
  }, [ask])
  useEffect(() => {
    if (!settled.current || ended === null) return
    const files = ended.changes?.length ?? 0
    announce(`${ended.agent ?? 'The agent'} ${ended.status}${files > 0 ? `, ${files} files changed` : ''}`)
  }, [ended])
  useEffect(() => {
    settled.current = caughtUp
  }, [caughtUp])
  return null
}
