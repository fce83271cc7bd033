import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { toastError } from '@/app/toasts'
import { clientKey } from './client-key'

export interface Prompt {
  readonly agent: string
  readonly input: string
  readonly model: string | null
  readonly mode: string | null
  /** Whether the agent is told what happened since it last looked. Null: as the session has it. */
  readonly handover?: boolean | null
  /** The turn that is stopped for it. */
  readonly stop?: string
}

/** Queues a prompt. It runs at once where nothing else does. */
export function useSend(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ stop, ...prompt }: Prompt) => {
      const task = await call(http.POST('/api/sessions/{session_id}/tasks', {
        params: { path: { session_id: sessionId } }, body: { ...prompt, client_key: clientKey() },
      }))
      if (stop !== undefined) await goFirst(task.id, stop)
      return task
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(sessionId) }),
  })
}

/** Stops the turn that runs, for one that waits. */
export function useFirst(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ taskId, stop }: { taskId: string; stop: string }) => goFirst(taskId, stop),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(sessionId) }),
  })
}

export function useCancel(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: cancel,
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(sessionId) }),
  })
}

/** First in the queue, then stop: the other way round, the one that was first would have begun. */
async function goFirst(taskId: string, stop: string): Promise<void> {
  await call(http.PATCH('/api/tasks/{task_id}', { params: { path: { task_id: taskId } }, body: { position: 0 } }))
  await cancel(stop)
}

function cancel(taskId: string) {
  return call(http.POST('/api/tasks/{task_id}/cancel', { params: { path: { task_id: taskId } } }))
}
