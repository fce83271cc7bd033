// Which files begin folded: those that nobody reads line by line, and all of them when there is too much at once.

import type { ChangeSet, FileChange } from './shapes'

const LINES_AT_ONCE = 20_000
const FILES_AT_ONCE = 100
const LINES_OF_FILE = 2_000
const GENERATED =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|uv\.lock|poetry\.lock|Pipfile\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|flake\.lock)$|\.(min\.(js|css)|map|snap|lock|svg)$|(^|\/)(dist|build|vendor|node_modules|__generated__)\//

/** Whether the list comes first and files open on demand. */
export function isHuge(totals: ChangeSet['totals']): boolean {
  return totals.additions + totals.deletions > LINES_AT_ONCE || totals.files > FILES_AT_ONCE
}

export function beginsFolded(file: FileChange, huge: boolean): boolean {
  return huge || file.seen || GENERATED.test(file.path) || file.additions + file.deletions > LINES_OF_FILE
}

/** Its lines are not there yet, and can be asked for. */
export function isUnloaded(file: FileChange): boolean {
  return file.too_large && !file.binary && file.hunks.length === 0
}
