// The files as the code viewer takes them. It compares versions and not contents, so a version goes up when, and only when,
// something that is drawn is another.

import { type CodeViewDiffItem, type DiffLineAnnotation, type FileDiffMetadata, getFiletypeFromFileName, processFile } from '@pierre/diffs'
import { hasColours } from './grammars'
import { Gutter } from './gutter'
import { patchText } from './patch'
import type { CommentPlace } from './review-store'
import type { Comment, FileChange, Hunk } from './shapes'
import { endOf } from './walk'

export type Note =
  | { readonly kind: 'hunk'; readonly path: string; readonly hunkId: string }
  | { readonly kind: 'comment'; readonly commentId: string }
  | { readonly kind: 'compose'; readonly place: CommentPlace }

export type CodeItem = CodeViewDiffItem<Note>

interface Kept {
  readonly signature: string
  readonly content: string
  readonly item: CodeItem
  readonly gutter: Gutter
}

const SIDES = { old: 'deletions', new: 'additions' } as const
const TYPES = { create: 'new', edit: 'change', delete: 'deleted', rename: 'rename-changed' } as const

/** Remembers what was made of each file, so that of a thousand files only the changed one is made again. */
export class Items {
  #kept = new Map<string, Kept>()
  #version = 0

  of(files: readonly FileChange[], part: {
    comments: readonly Comment[]
    composing: CommentPlace | null
    isFolded: (file: FileChange) => boolean
    turnNumber: (taskId: string) => number | null
  }): CodeItem[] {
    const comments = new Map<string, Comment[]>()
    for (const comment of part.comments) comments.set(comment.path, [...(comments.get(comment.path) ?? []), comment])
    const kept = new Map<string, Kept>()
    for (const file of files) {
      const composing = part.composing?.path === file.path ? part.composing : null
      const own = comments.get(file.path) ?? []
      kept.set(file.path, this.#one(file, own, composing, part.isFolded(file), part.turnNumber))
    }
    this.#kept = kept
    return [...kept.values()].map(({ item }) => item)
  }

  gutter(path: string): Gutter | undefined {
    return this.#kept.get(path)?.gutter
  }

  #one(
    file: FileChange, comments: readonly Comment[], composing: CommentPlace | null, folded: boolean,
    turnNumber: (taskId: string) => number | null,
  ): Kept {
    const content = `${file.id}|${file.hunks.map((hunk) => hunk.id).join()}`
    const authors = file.hunks.map((hunk) => `${hunk.agents.join()}:${hunk.task_ids.map(turnNumber).join()}`).join()
    const places = comments.map((comment) => `${comment.id}:${comment.status}`).join()
    const signature = [content, authors, places, folded, composing?.side, composing?.line].join('|')
    const before = this.#kept.get(file.path)
    if (before?.signature === signature) return before
    const fileDiff = before?.content === content ? before.item.fileDiff : metadata(file, content)
    const item: CodeItem = {
      id: file.path, type: 'diff', fileDiff, version: ++this.#version, collapsed: folded || file.hunks.length === 0,
      annotations: annotations(file, comments, composing),
    }
    return { signature, content, item, gutter: new Gutter(file, turnNumber) }
  }
}

function metadata(file: FileChange, content: string): FileDiffMetadata {
  const parsed = processFile(patchText(file), { isGitDiff: true, cacheKey: `${file.path}|${content}` })
  const type: FileDiffMetadata['type'] = file.operation === 'rename' && file.hunks.length === 0 ? 'rename-pure' : TYPES[file.operation]
  const plain = !hasColours(getFiletypeFromFileName(file.path))
  const named = { name: file.path, type, ...(plain && { lang: 'text' }), ...(file.old_path !== null && { prevName: file.old_path }) }
  if (parsed !== undefined) {
    // A new file has no name before.
    const { prevName: _, ...rest } = parsed
    return { ...rest, ...named } as FileDiffMetadata
  }
  return {
    ...named, hunks: [], splitLineCount: 0, unifiedLineCount: 0, isPartial: true,
    deletionLines: [], additionLines: [], deletionCharacterCount: 0, additionCharacterCount: 0,
  }
}

function annotations(
  file: FileChange, comments: readonly Comment[], composing: CommentPlace | null,
): DiffLineAnnotation<Note>[] {
  const found: DiffLineAnnotation<Note>[] = []
  for (const comment of comments) {
    if (!holds(file, comment)) continue
    found.push({ side: SIDES[comment.side], lineNumber: comment.line, metadata: { kind: 'comment', commentId: comment.id } })
  }
  if (composing !== null) {
    found.push({ side: SIDES[composing.side], lineNumber: composing.line, metadata: { kind: 'compose', place: composing } })
  }
  for (const hunk of file.hunks) {
    const end = endOf(hunk)
    found.push({ side: SIDES[end.side], lineNumber: end.line, metadata: { kind: 'hunk', path: file.path, hunkId: hunk.id } })
  }
  return found
}

/** Whether the line of a comment is among those that are shown. */
export function holds(file: FileChange, place: { side: Comment['side']; line: number }): boolean {
  return file.hunks.some((hunk) => hunkHolds(hunk, place))
}

function hunkHolds(hunk: Hunk, { side, line }: { side: Comment['side']; line: number }): boolean {
  return hunk.lines.some((one) => (side === 'old' ? one.old === line : one.new === line))
}
