import { useMutation } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { toastError } from '@/app/toasts'

/** Lets a queue go on that was held after a lost turn. */
export function useResume(sessionId: string) {
  return useMutation({
    mutationFn: () => call(http.POST('/api/sessions/{session_id}/resume', { params: { path: { session_id: sessionId } } })),
    onError: toastError,
  })
}
