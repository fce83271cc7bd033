import { queryOptions } from '@tanstack/react-query'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'

export const rulesQuery = queryOptions({
  queryKey: keys.rules,
  queryFn: async () => (await call(http.GET('/api/permission-rules'))).items,
  // Answers elsewhere make rules too, and no line tells of them.
  staleTime: 0,
})
