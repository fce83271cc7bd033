// A file's hunks as the text of a patch, which is what the viewer reads. Names are put in afterwards, for they may hold anything.

import type { DiffLine, FileChange, Hunk } from './shapes'

const SIGNS = { context: ' ', add: '+', delete: '-' } as const
const NAME = 'file'

export function patchText(file: FileChange): string {
  const head = [`diff --git a/${NAME} b/${NAME}`]
  if (file.operation === 'create') head.push('new file mode 100644', '--- /dev/null', `+++ b/${NAME}`)
  else if (file.operation === 'delete') head.push('deleted file mode 100644', `--- a/${NAME}`, '+++ /dev/null')
  else head.push(`--- a/${NAME}`, `+++ b/${NAME}`)
  return `${[...head, ...file.hunks.map(hunkText)].join('\n')}\n`
}

function hunkText(hunk: Hunk): string {
  const lines = hunk.lines.map((line) => `${SIGNS[line.kind]}${bare(line.text)}`)
  return [headerOf(hunk), ...lines].join('\n')
}

/** The numbers are counted here: a hunk must fit its lines, or the viewer draws nonsense. */
function headerOf(hunk: Hunk): string {
  const old = range(hunk.lines, 'old')
  const fresh = range(hunk.lines, 'new')
  const given = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(hunk.header)
  const context = (given?.[3] ?? '').replaceAll(/[\r\n]/g, ' ')
  const start = (side: { first: number | null }, part: 1 | 2) => side.first ?? Number(given?.[part] ?? 0)
  return `@@ -${start(old, 1)},${old.count} +${start(fresh, 2)},${fresh.count} @@${context}`
}

function range(lines: readonly DiffLine[], side: 'old' | 'new'): { first: number | null; count: number } {
  const numbers = lines.map((line) => line[side]).filter((number) => number !== null)
  return { first: numbers[0] ?? null, count: numbers.length }
}

function bare(text: string): string {
  return text.replace(/\n$/, '').replaceAll('\n', '␊')
}
