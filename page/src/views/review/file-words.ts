// What happened to a file beside its lines, in words.

import type { FileChange } from './shapes'

const EXECUTABLE = '100755'
const LINK = '120000'
const SUBMODULE = '160000'
const PLAIN = '100644'

export function fileWords(file: FileChange): string[] {
  const words: string[] = []
  if (file.operation === 'create') words.push('new')
  if (file.operation === 'delete') words.push('deleted')
  if (file.old_path !== null && file.old_path !== file.path) words.push(`renamed from ${file.old_path}`)
  const mode = modeWords(file.old_mode, file.new_mode)
  if (mode !== null) words.push(mode)
  if (file.binary) words.push('binary')
  else if (file.too_large && file.hunks.length === 0) words.push('too large to show at once')
  else if (file.hunks.length === 0 && words.length === 0) words.push('no lines to show')
  return words
}

/** Of a file that is on both sides; a new file's mode is only told when it is a special one. */
function modeWords(before: string | null, after: string | null): string | null {
  if (after === SUBMODULE || before === SUBMODULE) return 'another repository'
  if (before === null) {
    if (after === LINK) return 'a link'
    return after === EXECUTABLE ? 'executable' : null
  }
  if (after === null) return null
  if (after === LINK) return 'now a link'
  if (before === LINK) return 'no longer a link'
  if (after === EXECUTABLE) return 'now executable'
  if (before === EXECUTABLE && after === PLAIN) return 'no longer executable'
  return `mode ${before} → ${after}`
}
