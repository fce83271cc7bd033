// Markdown into blocks, cheaply while it grows: only the end of a text is looked at again.

import { type Token, type TokensList, lexer } from 'marked'

export interface Lexed {
  readonly text: string
  readonly blocks: readonly Token[]
}

/** The last block can still become another one, and with it the one before (a line under a paragraph makes a heading). */
const UNSURE = 2

let close = (text: string): string => text
let asked: Promise<void> | undefined

/** Loads what closes half-written markup. Until then it is shown as it is, which a reader of finished texts never sees. */
export function loadCloser(): Promise<void> {
  asked ??= import('remend').then((found) => {
    close = found.default
  })
  return asked
}

/** The blocks of `text`. Those that `before` settled are the same objects, so that nothing of them renders again. */
export function lex(text: string, before: Lexed | null, growing: boolean): Lexed {
  let settled: readonly Token[] = []
  let start = 0
  if (before !== null && before.blocks.length > UNSURE && text.startsWith(before.text)) {
    settled = before.blocks.slice(0, -UNSURE)
    for (const block of settled) start += block.raw.length
  }
  const tail = text.slice(start)
  const tokens: TokensList = lexer(tail)
  if (growing) {
    void loadCloser()
    closeLast(tokens, tail)
  }
  return { text, blocks: [...settled, ...tokens] }
}

/** Shows half-written emphasis and links as what they will be. What `raw` says stays true. */
function closeLast(tokens: TokensList, tail: string): void {
  const last = tokens.at(-1)
  if (last === undefined || last.type === 'code' || last.type === 'space') return
  const closed = close(last.raw)
  if (closed === last.raw) return
  const [again, ...more] = lexer(closed)
  if (again === undefined || more.length > 0 || !tail.endsWith(last.raw)) return
  tokens[tokens.length - 1] = { ...again, raw: last.raw } as Token
}
