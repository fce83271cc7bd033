// What is being completed in a draft: a command at its very beginning, or a file anywhere.

export interface Wanted {
  readonly kind: 'command' | 'file'
  /** What is written of it. */
  readonly query: string
  /** Where it begins, with its sign. */
  readonly start: number
  readonly end: number
}

const COMMAND = /^\/(\S*)$/
const FILE = /(?:^|\s)@([^\s@]*)$/

export function wantedAt(text: string, caret: number): Wanted | null {
  const before = text.slice(0, caret)
  const command = COMMAND.exec(before)
  if (command) return { kind: 'command', query: command[1] ?? '', start: 0, end: caret }
  const file = FILE.exec(before)
  if (file) return { kind: 'file', query: file[1] ?? '', start: caret - (file[1] ?? '').length - 1, end: caret }
  return null
}

/** The draft with `word` in place of what was written of it, and where the caret goes. A folder goes on: no space after it. */
export function completed(text: string, wanted: Wanted, word: string): { text: string; caret: number } {
  const put = `${word}${word.endsWith('/') ? '' : ' '}`
  const after = text.slice(wanted.end).replace(/^ /, '')
  return { text: text.slice(0, wanted.start) + put + after, caret: wanted.start + put.length }
}
