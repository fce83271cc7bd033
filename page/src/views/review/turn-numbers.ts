// The number of a turn among the session's, by when they began. One that never began has none.

import type { Task } from '@/api/types'

export function turnNumbers(tasks: readonly Task[]): (taskId: string) => number | null {
  const begun = tasks.filter((task) => task.started_at !== null)
    .toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''))
  const numbers = new Map(begun.map((task, index) => [task.id, index + 1]))
  return (taskId) => numbers.get(taskId) ?? null
}
