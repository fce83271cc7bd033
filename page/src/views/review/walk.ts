// Stepping through hunks and files, and where one stands after the hunk under the eye is gone.

import type { FileChange, Hunk, Side } from './shapes'

export interface Stop {
  readonly path: string
  /** Null for a file without lines to show, or one that is folded. */
  readonly hunk: Hunk | null
}

export function stopsOf(files: readonly FileChange[], isFolded: (file: FileChange) => boolean): Stop[] {
  return files.flatMap((file): Stop[] => {
    if (isFolded(file) || file.hunks.length === 0) return [{ path: file.path, hunk: null }]
    return file.hunks.map((hunk) => ({ path: file.path, hunk }))
  })
}

export function stopKey(stop: Stop): string {
  return stop.hunk === null ? stop.path : `${stop.path}\u0000${stop.hunk.id}`
}

export function step(stops: readonly Stop[], current: string | null, by: 1 | -1): Stop | null {
  const at = stops.findIndex((stop) => stopKey(stop) === current)
  if (at < 0) return (by > 0 ? stops[0] : stops.at(-1)) ?? null
  return stops[at + by] ?? null
}

export function stepFile(stops: readonly Stop[], current: string | null, by: 1 | -1): Stop | null {
  const at = stops.findIndex((stop) => stopKey(stop) === current)
  const here = stops[at]
  if (here === undefined) return step(stops, null, by)
  const paths = [...new Set(stops.map((stop) => stop.path))]
  const path = paths[paths.indexOf(here.path) + by]
  return stops.find((stop) => stop.path === path) ?? null
}

/** The stop that takes the place of one that is gone: what stood after it, else what stood before. */
export function heir(before: readonly Stop[], after: readonly Stop[], current: string | null): string | null {
  if (current === null) return null
  const left = new Set(after.map(stopKey))
  if (left.has(current)) return current
  const at = before.findIndex((stop) => stopKey(stop) === current)
  if (at < 0) return null
  const candidates = [...before.slice(at + 1), ...before.slice(0, at).toReversed()].map(stopKey)
  return candidates.find((key) => left.has(key)) ?? null
}

/** The first changed line of a hunk, which is where one looks. */
export function anchorOf(hunk: Hunk): { side: Side; line: number } {
  const changed = hunk.lines.find((line) => line.kind !== 'context') ?? hunk.lines[0]
  return placeOf(changed)
}

/** Its last line, under which its verbs stand. */
export function endOf(hunk: Hunk): { side: Side; line: number } {
  return placeOf(hunk.lines.at(-1))
}

function placeOf(line: Hunk['lines'][number] | undefined): { side: Side; line: number } {
  if (line === undefined) return { side: 'new', line: 1 }
  return line.kind === 'delete' ? { side: 'old', line: line.old ?? 1 } : { side: 'new', line: line.new ?? 1 }
}
