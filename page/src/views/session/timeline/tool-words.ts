// What a tool call says in one line: a verb and its object.

import type { Tool } from '@/timeline/model'

const VERBS: Record<string, string> = {
  read: 'Read', edit: 'Edit', delete: 'Delete', move: 'Move', search: 'Search', execute: 'Run', think: 'Think', fetch: 'Fetch', switch_mode: 'Switch mode',
}

export interface ToolWords {
  readonly verb: string
  readonly object: string
  /** A path or a command, to be shown in the font of code. */
  readonly code: boolean
}

export function toolWords(tool: Tool, root: string | null): ToolWords {
  const verb = VERBS[tool.toolKind] ?? 'Use'
  const command = commandOf(tool.input)
  if (tool.toolKind === 'execute' && command !== null) return { verb, object: oneLine(command), code: true }
  const path = tool.locations[0]?.path
  const title = oneLine(tool.title)
  if (path !== undefined && (tool.toolKind === 'edit' || tool.toolKind === 'delete' || tool.toolKind === 'read')) {
    const inside = shortPath(path, root)
    // A folder's own name says less than what the agent said.
    if (inside !== '') return { verb, object: inside, code: true }
  }
  const rest = title.toLowerCase().startsWith(`${verb.toLowerCase()} `) ? title.slice(verb.length + 1) : title
  return { verb, object: rest, code: tool.toolKind === 'execute' }
}

/** A path as seen from the worktree. */
export function shortPath(path: string, root: string | null): string {
  if (root === null || !path.startsWith(root)) return path
  return path.slice(root.length).replace(/^\//, '')
}

export function commandOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return null
  const { command, cmd } = input as Record<string, unknown>
  const found = command ?? cmd
  if (Array.isArray(found)) return found.join(' ')
  return typeof found === 'string' ? found : null
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
