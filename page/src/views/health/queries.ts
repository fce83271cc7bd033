import { queryOptions } from '@tanstack/react-query'
import { call, http } from '@/api/client'

const EVERY = 30_000

/** What ended turns have used, a line for each day and agent, or for each agent. */
export const usageQuery = (by: 'agent' | 'day', days: number) => queryOptions({
  queryKey: ['usage', by, days],
  queryFn: async () => (await call(http.GET('/api/usage', { params: { query: { by, days } } }))).items,
  staleTime: EVERY,
  refetchInterval: EVERY,
})
