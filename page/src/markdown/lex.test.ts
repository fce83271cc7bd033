import { expect, test } from 'vitest'
import { type Lexed, lex, loadCloser } from './lex'

await loadCloser()

const TEXT = `# Title

A paragraph with **bold** and \`code\`,
over two lines.

- one
- two
  - nested

\`\`\`python
def f():

    return 1
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quoted

The end.
`

test('growing letter by letter ends in the blocks of the whole text', () => {
  let found: Lexed | null = null
  for (let end = 1; end <= TEXT.length; end++) found = lex(TEXT.slice(0, end), found, end < TEXT.length)
  expect(found?.blocks.map((block) => [block.type, block.raw])).toEqual(lex(TEXT, null, false).blocks.map((block) => [block.type, block.raw]))
})

test('settled blocks stay the same objects', () => {
  const before = lex(TEXT, null, true)
  const after = lex(`${TEXT}more`, before, true)
  expect(after.blocks[0]).toBe(before.blocks[0])
})

test('half-written emphasis shows as emphasis', () => {
  const { blocks } = lex('This is **bol', null, true)
  expect(JSON.stringify(blocks)).toContain('"type":"strong"')
  expect(blocks[0]?.raw).toBe('This is **bol')
})

test('another text begins anew', () => {
  const other = lex('something else', lex(TEXT, null, false), false)
  expect(other.blocks.map((block) => block.raw)).toEqual(['something else'])
})
