import { useQuery } from '@tanstack/react-query'
import { tasksQuery } from '@/api/queries'
import type { Task } from '@/api/types'
import { useSession, useSessionState, useShown } from '../session-context'

/** The prompts that wait, in order. They live on the server: a reload changes nothing. */
export function useQueue(): readonly Task[] {
  const session = useSession()
  const { store } = useShown().feed
  useSessionState()
  const { data: tasks = [] } = useQuery(tasksQuery(session.id))
  // The events know first what has begun; the list is read again a moment later.
  const begun = (task: Task) => (store.turn(task.id)?.status ?? 'pending') !== 'pending'
  const waiting = tasks.filter((task) => task.status === 'pending' && !begun(task)).toSorted((a, b) => a.position - b.position)
  // The next one is about to start; a line that comes and goes within a moment only unsettles.
  return session.running_task === null && session.hold_reason === null ? waiting.slice(1) : waiting
}
