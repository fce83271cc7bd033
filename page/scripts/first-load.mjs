// How much JavaScript a session's address has to load before the conversation is there, as sent over the line.
// Fails above the budget. Builds in memory: what was built before stays as it is.

import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const BUDGET_KB = 140
/** What is asked for at once. Everything else is loaded when somebody does something. */
const ROOTS = ['src/main.tsx', 'src/views/session/session-view.tsx', 'src/markdown/markdown.tsx']

const built = await build({ logLevel: 'error', build: { write: false } })
const chunks = new Map((Array.isArray(built) ? built : [built]).flatMap((part) => part.output).filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]))

const needed = new Set()
const need = (name) => {
  const chunk = chunks.get(name)
  if (chunk === undefined || needed.has(chunk)) return
  needed.add(chunk)
  chunk.imports.forEach(need)
}
for (const root of ROOTS) {
  const found = [...chunks.values()].filter((chunk) => chunk.moduleIds.some((id) => id.endsWith(`/page/${root}`)))
  if (found.length === 0) throw new Error(`${root} is in no part of the page`)
  found.forEach((chunk) => need(chunk.fileName))
}

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(7)
const sized = [...needed].map((chunk) => ({ name: chunk.fileName, bytes: gzipSync(chunk.code, { level: 9 }).length, chunk })).toSorted((a, b) => b.bytes - a.bytes)
const total = sized.reduce((sum, { bytes }) => sum + bytes, 0)
for (const { name, bytes } of sized) process.stdout.write(`${kb(bytes)} KB  ${name}\n`)
process.stdout.write(`${kb(total)} KB  in all, gzipped; at most ${BUDGET_KB} KB\n`)
if (process.argv.includes('--modules')) {
  for (const { chunk } of sized) {
    for (const [id, module] of Object.entries(chunk.modules)) {
      if (module.renderedLength > 2000) process.stdout.write(`${kb(module.renderedLength)} KB raw  ${id.replace(/^.*\/page\//, '')}\n`)
    }
  }
}
process.exitCode = total > BUDGET_KB * 1000 ? 1 : 0
