import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { inboxQuery } from '@/api/queries'

/** The tab says how much waits for a person. */
export function useTabTitle(): void {
  const { data } = useQuery(inboxQuery)
  const waiting = data?.length ?? 0
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) Roundhouse` : 'Roundhouse'
  }, [waiting])
}
