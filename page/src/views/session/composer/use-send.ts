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
}

/** Queues a prompt. It runs at once where nothing else does. */
export function useSend(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (prompt: Prompt) => call(http.POST('/api/sessions/{session_id}/tasks', {
      params: { path: { session_id: sessionId } }, body: { ...prompt, client_key: clientKey() },
    })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(sessionId) }),
  })
}

export function useCancel(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (taskId: string) => call(http.POST('/api/tasks/{task_id}/cancel', { params: { path: { task_id: taskId } } })),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(sessionId) }),
  })
}
