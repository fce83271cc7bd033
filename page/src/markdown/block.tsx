import type { Token, Tokens } from 'marked'
import { memo } from 'react'
import { CodeBlock } from './code-block'
import { Inline } from './inline'

/** One block. Settled blocks keep their token object, so this renders each once. */
export const Block = memo(function Block({ token }: { token: Token }) {
  switch (token.type) {
    case 'heading': return <Heading depth={(token as Tokens.Heading).depth} tokens={token.tokens} />
    case 'paragraph': return <p><Inline tokens={token.tokens} /></p>
    case 'text': return <Inline tokens={token.tokens ?? [token]} />
    case 'code': return <CodeBlock text={String(token['text'])} language={(token as Tokens.Code).lang ?? ''} />
    case 'blockquote': return <blockquote><Blocks tokens={token.tokens} /></blockquote>
    case 'list': return <List list={token as Tokens.List} />
    case 'table': return <Table table={token as Tokens.Table} />
    case 'hr': return <hr />
    case 'space':
    case 'def': return null
    default: return <p className="whitespace-pre-wrap">{token.raw}</p>
  }
})

const GROUP = 16

/** Many blocks, of which only the last few change: those before cost one comparison for each group. */
export function ManyBlocks({ tokens }: { tokens: readonly Token[] }) {
  return Array.from({ length: Math.ceil(tokens.length / GROUP) }, (_, group) => (
    <Group key={group} tokens={tokens.slice(group * GROUP, (group + 1) * GROUP)} />
  ))
}

const Group = memo(Blocks, ({ tokens: before = [] }, { tokens: now = [] }) => before.length === now.length && before.every((token, index) => token === now[index]))

export function Blocks({ tokens }: { tokens: readonly Token[] | undefined }) {
  return tokens?.map((token, index) => <Block key={index} token={token} />)
}

/** One level below the page's own heading whatever the text says: it may leave levels out, an outline may not. */
function Heading({ depth, tokens }: { depth: number; tokens: Token[] | undefined }) {
  return <h2 data-first={depth === 1 || undefined}><Inline tokens={tokens} /></h2>
}

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, index) => (
    <li key={index} className={item.task ? 'task' : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} readOnly disabled aria-label={item.checked ? 'done' : 'not done'} />}
      <Blocks tokens={item.tokens} />
    </li>
  ))
  return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>
}

function Table({ table }: { table: Tokens.Table }) {
  return (
    <div className="table" role="region" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>{table.header.map((cell, index) => <th key={index} align={cell.align ?? undefined}><Inline tokens={cell.tokens} /></th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>{row.map((cell, index) => <td key={index} align={cell.align ?? undefined}><Inline tokens={cell.tokens} /></td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
