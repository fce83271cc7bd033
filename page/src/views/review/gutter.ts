// Which mark stands beside which line number. The viewer numbers old and new lines apart, and so do we.

import { type AuthorMark, authorMark } from './author'
import type { FileChange, Side } from './shapes'

export class Gutter {
  readonly #marks = new Map<string, AuthorMark>()

  constructor(file: FileChange, turnNumber: (taskId: string) => number | null) {
    for (const hunk of file.hunks) {
      for (const line of hunk.lines) {
        if (line.kind === 'context') continue
        const side: Side = line.kind === 'add' ? 'new' : 'old'
        const number = side === 'new' ? line.new : line.old
        if (number === null) continue
        this.#marks.set(key(side, number), authorMark(line.agent, line.task_id === null ? null : turnNumber(line.task_id)))
      }
    }
  }

  mark(side: Side, line: number): AuthorMark | undefined {
    return this.#marks.get(key(side, line))
  }
}

function key(side: Side, line: number): string {
  return `${side}:${line}`
}
