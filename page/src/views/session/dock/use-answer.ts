import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { ApiError } from '@/api/error'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'
import { toast, toastError } from '@/app/toasts'
import type { Asked } from './asked'

export type AskAnswer = components['schemas']['Answer']

/** Sends an answer. The dock stays until the server's own event says that the question is over. */
export function useAnswer(ask: Pick<Asked, 'permissionId'>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (answer: AskAnswer) => call(http.POST('/api/permissions/{permission_id}/answer', {
      params: { path: { permission_id: ask.permissionId } }, body: answer,
    })),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) toast(error.message)
      else toastError(error)
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.inbox }),
  })
}
