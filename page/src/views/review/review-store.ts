// Where a person is in the panel: the part under the eye, what is unfolded, the comment being written.

import { type StoreApi, createStore } from 'zustand'
import type { Side } from './shapes'

export interface CommentPlace {
  readonly path: string
  readonly side: Side
  readonly line: number
}

export type Opened = 'apply' | 'commit' | 'discard' | 'checkpoints' | 'comments' | null

interface ReviewState {
  /** The key of a stop. */
  readonly current: string | null
  /** By path: what was folded or unfolded by hand. */
  readonly folded: ReadonlyMap<string, boolean>
  /** Paths whose lines were asked for although they are many. */
  readonly opened: ReadonlySet<string>
  readonly composing: CommentPlace | null
  readonly dialog: Opened
  readonly finding: boolean
  readonly split: boolean
  readonly wrap: boolean
}

export type ReviewStore = StoreApi<ReviewState>

export function createReviewStore(): ReviewStore {
  return createStore<ReviewState>()(() => ({
    current: null, folded: new Map(), opened: new Set(), composing: null, dialog: null, finding: false, split: false, wrap: false,
  }))
}

export function fold(store: ReviewStore, path: string, folded: boolean): void {
  store.setState((state) => ({ folded: new Map(state.folded).set(path, folded) }))
}

export function foldAll(store: ReviewStore, paths: readonly string[], folded: boolean): void {
  store.setState({ folded: new Map(paths.map((path) => [path, folded])) })
}

/** Reads a file's lines although they are many. */
export function open(store: ReviewStore, path: string): void {
  store.setState((state) => ({ opened: new Set(state.opened).add(path) }))
  fold(store, path, false)
}

export function compose(store: ReviewStore, place: CommentPlace | null): void {
  store.setState({ composing: place })
}
