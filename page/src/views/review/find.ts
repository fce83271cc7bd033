// Finding text in the changes. The viewer draws only what is in sight, so the browser's own search misses the rest.

import type { FileChange, Side } from './shapes'

export interface Hit {
  readonly path: string
  readonly side: Side
  readonly line: number
}

const HITS_MAX = 1000

/** Without regard to case, unless the text has a capital. */
export function find(files: readonly FileChange[], text: string): Hit[] {
  if (text === '') return []
  const exact = text !== text.toLowerCase()
  const holds = (line: string) => (exact ? line : line.toLowerCase()).includes(text)
  const hits: Hit[] = []
  for (const file of files) {
    for (const hunk of file.hunks) {
      for (const line of hunk.lines) {
        if (!holds(line.text)) continue
        const side: Side = line.kind === 'delete' ? 'old' : 'new'
        const number = side === 'old' ? line.old : line.new
        if (number === null) continue
        hits.push({ path: file.path, side, line: number })
        if (hits.length === HITS_MAX) return hits
      }
    }
  }
  return hits
}
