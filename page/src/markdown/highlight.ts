// Colours for code in a conversation. Loaded when there is code to colour, and never while it is being written.

import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore } from 'shiki/core'
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript'
// The build puts our own short list in place of this one.
import { bundledLanguages } from 'shiki/langs'

export interface Piece {
  readonly text: string
  readonly look: string
}

/** Longer code would hold the page up, and is read elsewhere. */
const MOST_CHARS = 30_000
const LINE_MAX = 2000

const LOOKS: Record<string, string> = {
  'var(--shiki-token-comment)': 'text-code-comment',
  'var(--shiki-token-keyword)': 'text-code-keyword',
  'var(--shiki-token-string)': 'text-code-string',
  'var(--shiki-token-string-expression)': 'text-code-string',
  'var(--shiki-token-constant)': 'text-code-constant',
  'var(--shiki-token-parameter)': 'text-code-constant',
  'var(--shiki-token-function)': 'text-code-function',
  'var(--shiki-token-link)': 'text-code-function',
}
const ALIASES: Record<string, string> = {
  py: 'python', js: 'javascript', ts: 'typescript', sh: 'shellscript', shell: 'shellscript', console: 'shellscript', rs: 'rust', rb: 'ruby', md: 'markdown', kt: 'kotlin', 'c++': 'cpp', cs: 'csharp', patch: 'diff',
}

let core: Promise<HighlighterCore> | undefined

/** The code line by line in pieces that look alike, or null where it has no colours. */
export async function highlight(text: string, language: string): Promise<Piece[][] | null> {
  const name = ALIASES[language.toLowerCase()] ?? language.toLowerCase()
  if (text.length > MOST_CHARS || !Object.hasOwn(bundledLanguages, name)) return null
  core ??= createHighlighterCore({ themes: [createCssVariablesTheme()], engine: createJavaScriptRegexEngine({ forgiving: true }) })
  const highlighter = await core
  if (!highlighter.getLoadedLanguages().includes(name)) await highlighter.loadLanguage(bundledLanguages[name as keyof typeof bundledLanguages])
  const { tokens } = highlighter.codeToTokens(text, { lang: name, theme: 'css-variables', tokenizeMaxLineLength: LINE_MAX })
  return tokens.map((line) => line.map(({ content, color }) => ({ text: content, look: LOOKS[color ?? ''] ?? '' })))
}
