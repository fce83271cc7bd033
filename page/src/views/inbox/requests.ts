import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { putSession } from '@/api/queries'
import type { Session } from '@/api/types'
import { toast, toastError } from '@/app/toasts'
import { clientKey } from '@/views/session/composer/client-key'

/** Lets a held queue go on; else queues the prompt of the failed task again, for the same agent. */
export function useTryAgain(session: Session) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (taskId: string | null) => {
      if (session.hold_reason !== null) {
        await call(http.POST('/api/sessions/{session_id}/resume', { params: { path: { session_id: session.id } } }))
        return 'The queue goes on.'
      }
      if (taskId === null) throw new Error('The prompt of this turn is not known.')
      const { agent, input, model, mode } = await call(http.GET('/api/tasks/{task_id}', { params: { path: { task_id: taskId } } }))
      await call(http.POST('/api/sessions/{session_id}/tasks', {
        params: { path: { session_id: session.id } }, body: { agent, input, model, mode, client_key: clientKey() },
      }))
      return `Sent to ${agent} again.`
    },
    onSuccess: (done) => toast(done),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.inbox }),
  })
}

export function useMarkRead(session: Session) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call(http.PATCH('/api/sessions/{session_id}', {
      params: { path: { session_id: session.id } }, body: { read_seq: session.last_seq },
    })),
    onSuccess: (changed) => putSession(client, changed),
    onError: toastError,
  })
}
