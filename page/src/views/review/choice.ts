// From what is pointed at to what the server is asked: whole files, hunks, one author, everything.

import { type Filter, PERSON, isWhole } from './filter'
import type { Choice, FileChange, Hunk } from './shapes'

export type Target =
  | { readonly kind: 'hunk'; readonly file: FileChange; readonly hunk: Hunk }
  | { readonly kind: 'file'; readonly file: FileChange }
  | { readonly kind: 'author'; readonly agent: string }
  | { readonly kind: 'all' }
  /** What the filter leaves. */
  | { readonly kind: 'shown'; readonly files: readonly FileChange[] }

/** With a filter a file stands for its hunks that are shown, not for what the filter hides. */
export function choiceOf(target: Target, filter: Filter): Choice {
  switch (target.kind) {
    case 'hunk': return { hunks: [target.hunk.id] }
    case 'file': return filesChoice([target.file], filter)
    case 'author': return { agent: target.agent }
    case 'all': return { all: true }
    case 'shown': return isWhole(filter) ? { all: true } : filesChoice(target.files, filter)
  }
}

function filesChoice(files: readonly FileChange[], filter: Filter): Choice {
  const whole = isWhole(filter) ? files : files.filter((file) => file.hunks.length === 0)
  const hunks = isWhole(filter) ? [] : files.flatMap((file) => file.hunks.map((hunk) => hunk.id))
  return {
    ...(whole.length > 0 && { files: whole.map((file) => file.path) }),
    ...(hunks.length > 0 && { hunks }),
  }
}

/** For buttons and announcements: `pool.py`, `this hunk of pool.py`, `what goose wrote`. */
export function targetWords(target: Target): string {
  switch (target.kind) {
    case 'hunk': return `this part of ${baseName(target.file.path)}`
    case 'file': return baseName(target.file.path)
    case 'author': return target.agent === PERSON ? 'what you wrote' : `what ${target.agent} wrote`
    case 'all': return 'everything'
    case 'shown': return 'everything shown'
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
