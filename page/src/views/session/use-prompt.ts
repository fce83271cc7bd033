import { useQuery } from '@tanstack/react-query'
import { tasksQuery } from '@/api/queries'
import type { Turn } from '@/timeline/model'
import { useSession } from './session-context'

/** What was asked. A prompt that was changed while it waited has its first words in the log, and its last in the list. */
export function usePrompt(turn: Turn | undefined): string | null {
  const session = useSession()
  const { data } = useQuery({ ...tasksQuery(session.id), select: (tasks) => tasks.find((task) => task.id === turn?.id)?.input })
  return data ?? turn?.prompt ?? null
}
