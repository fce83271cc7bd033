import { useEffect, useState } from 'react'
import { CopyButton } from '@/components/copy-button'
import type { Piece } from './highlight'

/** Milliseconds without a change after which code counts as written. */
const SETTLED = 300

export function CodeBlock({ text, language }: { text: string; language: string }) {
  const lines = useColours(text, language)
  return (
    <div className="code-block">
      <div className="flex items-center justify-between pl-3 text-meta text-dim">
        <span>{language}</span>
        <CopyButton text={text} label="Copy code" />
      </div>
      <pre tabIndex={0}>
        <code>
          {lines === null ? text : lines.map((line, at) => (
            <span key={at}>
              {line.map((piece, index) => (piece.look === '' ? piece.text : <span key={index} className={piece.look}>{piece.text}</span>))}
              {at < lines.length - 1 && '\n'}
            </span>
          ))}
        </code>
      </pre>
    </div>
  )
}

function useColours(text: string, language: string): Piece[][] | null {
  const [done, setDone] = useState<{ text: string; lines: Piece[][] } | null>(null)
  useEffect(() => {
    if (language === '') return
    let stale = false
    const timer = setTimeout(() => {
      void import('./highlight')
        .then((found) => found.highlight(text, language.split(/[\s,{]/)[0] ?? ''))
        .then((lines) => !stale && lines !== null && setDone({ text, lines }))
        // Without colours it is as readable.
        .catch(() => undefined)
    }, SETTLED)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [text, language])
  return done?.text === text ? done.lines : null
}
