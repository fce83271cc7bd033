// A remembered decision as a person reads it.

import type { PermissionRule } from '@/api/types'

export const TOOLS: readonly { value: string; label: string }[] = [
  { value: 'execute', label: 'run commands' },
  { value: 'edit', label: 'change files' },
  { value: 'delete', label: 'delete files' },
  { value: 'move', label: 'move files' },
  { value: 'read', label: 'read files' },
  { value: 'search', label: 'search' },
  { value: 'fetch', label: 'use the network' },
  { value: '*', label: 'do anything' },
]

export interface RuleWords {
  readonly what: string
  /** Null: whatever it is about. */
  readonly pattern: string | null
}

export function ruleWords(rule: Pick<PermissionRule, 'matcher'>): RuleWords {
  const cut = rule.matcher.indexOf(':')
  const tool = cut < 0 ? rule.matcher : rule.matcher.slice(0, cut)
  const glob = cut < 0 ? '' : rule.matcher.slice(cut + 1)
  return { what: TOOLS.find((known) => known.value === tool)?.label ?? `use “${tool}”`, pattern: glob === '' ? null : plain(glob) }
}

export function matcherOf(tool: string, pattern: string): string {
  return pattern.trim() === '' ? tool : `${tool}:${pattern.trim()}`
}

/** `[*]` is how a remembered answer writes a star that is only a star. */
function plain(glob: string): string {
  return glob.replaceAll(/\[([*?[])\]/g, '$1')
}
