import type { Token, Tokens } from 'marked'
import { Fragment, type ReactNode } from 'react'
import { safeHref } from './link'

/** The tokens inside a block. HTML of an agent is text: it is never parsed. */
export function Inline({ tokens }: { tokens: readonly Token[] | undefined }) {
  return tokens?.map((token, index) => <Fragment key={index}>{inline(token)}</Fragment>)
}

function inline(token: Token): ReactNode {
  switch (token.type) {
    case 'strong': return <strong><Inline tokens={token.tokens} /></strong>
    case 'em': return <em><Inline tokens={token.tokens} /></em>
    case 'del': return <del><Inline tokens={token.tokens} /></del>
    case 'codespan': return <code>{token['text']}</code>
    case 'br': return <br />
    case 'link': return <Link href={String(token['href'])}><Inline tokens={token.tokens} /></Link>
    // Loading it would tell another host that this was read.
    case 'image': return <Link href={String((token as Tokens.Image).href)}>{token['text'] || 'image'}</Link>
    case 'text': return token.tokens ? <Inline tokens={token.tokens} /> : token['text']
    case 'escape': return token['text']
    case 'checkbox': return null
    default: return token.raw
  }
}

function Link({ href, children }: { href: string; children: ReactNode }) {
  const safe = safeHref(href)
  if (safe === null) return <span title={href}>{children}</span>
  return <a href={safe} target="_blank" rel="noreferrer noopener">{children}</a>
}
