// The difference of two small texts, line by line, for a look in the conversation. The review has the real one.

export interface DiffLine {
  readonly kind: 'context' | 'add' | 'delete' | 'gap'
  readonly text: string
}

const CONTEXT = 2

/** What is between the common beginning and the common end. Null: too large for a look. */
export function lineDiff(before: string | null, after: string, most: number): DiffLine[] | null {
  const old = before === null || before === '' ? [] : before.replace(/\n$/, '').split('\n')
  const now = after === '' ? [] : after.replace(/\n$/, '').split('\n')
  let start = 0
  while (start < old.length && start < now.length && old[start] === now[start]) start++
  let end = 0
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++
  const deleted = old.slice(start, old.length - end)
  const added = now.slice(start, now.length - end)
  if (deleted.length + added.length > most) return null
  const lines: DiffLine[] = []
  const from = Math.max(0, start - CONTEXT)
  if (from > 0) lines.push({ kind: 'gap', text: '' })
  for (const text of now.slice(from, start)) lines.push({ kind: 'context', text })
  for (const text of deleted) lines.push({ kind: 'delete', text })
  for (const text of added) lines.push({ kind: 'add', text })
  const until = Math.min(now.length, now.length - end + CONTEXT)
  for (const text of now.slice(now.length - end, until)) lines.push({ kind: 'context', text })
  if (until < now.length) lines.push({ kind: 'gap', text: '' })
  return lines
}
