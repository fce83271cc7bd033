// Files as the server sends them, for tests.

import type { DiffLine, FileChange, Hunk } from './shapes'

type Line = readonly [kind: DiffLine['kind'], old: number | null, fresh: number | null, text: string, agent?: string | null, task?: string]

export function hunk(id: string, header: string, lines: readonly Line[]): Hunk {
  const made = lines.map(([kind, old, fresh, text, agent = null, task]): DiffLine =>
    ({ kind, old, new: fresh, text, agent, task_id: task ?? null }))
  const changed = made.filter((line) => line.kind !== 'context')
  const distinct = (values: (string | null)[]) => [...new Set(values.filter((value) => value !== null))]
  return {
    id, header, lines: made, seen: false,
    agents: distinct(changed.map((line) => line.agent)), task_ids: distinct(changed.map((line) => line.task_id)),
  }
}

export function file(path: string, more: Partial<FileChange> = {}): FileChange {
  return {
    id: `id of ${path}`, path, operation: 'edit', additions: 1, deletions: 1, status: 'pending', old_path: null, agents: [],
    hunks: [], binary: false, too_large: false, seen: false, old_mode: null, new_mode: null, ...more,
  }
}

/** Two agents and a person in one hunk: lines 2 and 3 replaced, line 4 added. */
export const MIXED = hunk('h1', '@@ -1,4 +1,5 @@ class Pool:', [
  ['context', 1, 1, 'a'],
  ['delete', 2, null, 'b', 'claude', 't1'],
  ['delete', 3, null, 'c', null],
  ['add', null, 2, 'B', 'claude', 't1'],
  ['add', null, 3, 'C', 'goose', 't2'],
  ['add', null, 4, 'D', 'goose', 't2'],
  ['context', 4, 5, 'd'],
])
