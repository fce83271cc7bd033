import { useRef } from 'react'
import { ManyBlocks } from './block'
import { type Lexed, lex } from './lex'

/** An agent's text. `growing`: more of it comes, so its end may be half-written. */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const lexed = useRef<Lexed | null>(null)
  const wasGrowing = useRef(growing)
  if (lexed.current?.text !== text || wasGrowing.current !== growing) {
    lexed.current = lex(text, lexed.current, growing)
    wasGrowing.current = growing
  }
  return <div className="prose"><ManyBlocks tokens={lexed.current.blocks} /></div>
}
