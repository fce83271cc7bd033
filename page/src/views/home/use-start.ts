// The first prompt of a new session.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { usePreferences } from '@/app/preferences'
import { navigate } from '@/app/routing'
import { clientKey } from '@/views/session/composer/client-key'

export interface Wish {
  /** Null: the folder in `path` is to be registered. */
  readonly projectId: string | null
  readonly path: string
  readonly agent: string
  readonly input: string
}

/** Registers the folder if it is new, makes the session with its first prompt, and goes there. */
export function useStart() {
  const client = useQueryClient()
  const set = usePreferences((preferences) => preferences.set)
  return useMutation({
    mutationFn: async ({ projectId, path, agent, input }: Wish) => {
      set({ lastAgent: agent })
      let project_id = projectId
      if (project_id === null) {
        project_id = (await call(http.POST('/api/projects', { body: { path } }))).id
        await client.invalidateQueries({ queryKey: keys.projects })
      }
      return call(http.POST('/api/tasks', { body: { project_id, agent, input, client_key: clientKey() } }))
    },
    onSuccess: async (task) => {
      await client.invalidateQueries({ queryKey: keys.sessions })
      navigate({ to: '/sessions/$sessionId', params: { sessionId: task.session_id } })
    },
  })
}
