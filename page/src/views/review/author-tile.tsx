import { AgentTile } from '@/agents/agent-tile'
import type { Author } from './author'

/** The letter of who wrote something. `words` replace the name for screen readers and in the tip; `named` shows it. */
export function AuthorTile({ author, words, named = false }: { author: Author; words?: string; named?: boolean }) {
  const text = words ?? author ?? 'you'
  if (author !== null && words === undefined) return <AgentTile name={author} named={named} />
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap" title={text}>
      {author === null ? <You /> : <Letter name={author} />}
      <span className={named ? 'text-dim' : 'sr-only'}>{text}</span>
    </span>
  )
}

function You() {
  return (
    <span aria-hidden className="grid size-4 shrink-0 place-items-center rounded-[3px] border border-line2 text-[0.625rem] leading-none font-semibold text-dim">
      Y
    </span>
  )
}

function Letter({ name }: { name: string }) {
  return <span aria-hidden className="inline-flex [&_.sr-only]:hidden"><AgentTile name={name} /></span>
}
