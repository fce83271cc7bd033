import { useMemo } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'
import type { Target } from './choice'
import type { Review } from './review-context'
import { compose, fold } from './review-store'
import { pendingKey } from './use-verdicts'
import { type Stop, anchorOf, step, stepFile, stopKey } from './walk'

const GROUP = 'Changes'

/** The keys of the panel. They act on the part under the eye. */
export function useReviewKeys(review: Review, stops: readonly Stop[]): void {
  const shortcuts = useMemo<Shortcut[]>(() => {
    const { store, verdicts, files, blocked, busy, goTo, isFolded } = review
    const here = () => stops.find((stop) => stopKey(stop) === store.getState().current) ?? null
    const fileOf = (stop: Stop | null) => files.find((file) => file.path === stop?.path)
    const go = (stop: Stop | null) => stop !== null && goTo(stop)
    const target = (): Target | null => {
      const stop = here()
      const file = fileOf(stop)
      if (stop === null || file === undefined) return null
      return stop.hunk === null ? { kind: 'file', file } : { kind: 'hunk', file, hunk: stop.hunk }
    }
    const give = (verb: 'accept' | 'reject') => () => {
      const chosen = target()
      // One that is being decided has no second verdict: the key was meant for what comes after it.
      if (chosen !== null && verdicts.pending.has(pendingKey(chosen))) return
      if (chosen !== null && (verb === 'accept' ? blocked : busy) === null) void verdicts.give(verb, chosen)
    }
    const comment = () => {
      const stop = here()
      if (stop !== null && stop.hunk !== null && blocked === null) compose(store, { path: stop.path, ...anchorOf(stop.hunk) })
    }
    const view = () => {
      const file = fileOf(here())
      if (file === undefined || blocked !== null) return
      go(stepFile(stops, stopKey(here() ?? { path: file.path, hunk: null }), 1))
      fold(store, file.path, true)
      if (!file.seen) void verdicts.give('seen', { kind: 'file', file })
    }
    const unfold = () => {
      const file = fileOf(here())
      if (file !== undefined) fold(store, file.path, !isFolded(file))
    }
    const key = (keys: string, what: string, run: () => void): Shortcut => ({ keys, what, group: GROUP, run })
    return [
      key('n', 'Next part', () => go(step(stops, store.getState().current, 1))),
      key('p', 'Previous part', () => go(step(stops, store.getState().current, -1))),
      key('Shift+N', 'Next file', () => go(stepFile(stops, store.getState().current, 1))),
      key('Shift+P', 'Previous file', () => go(stepFile(stops, store.getState().current, -1))),
      key('a', 'Accept', give('accept')),
      key('r', 'Reject', give('reject')),
      key('u', 'Undo the last accept or reject', () => { if (blocked === null && verdicts.pending.size === 0) void verdicts.undo() }),
      key('m', 'Comment', comment),
      key('v', 'Mark the file as viewed', view),
      key('x', 'Fold or unfold the file', unfold),
      key('s', 'Side by side', () => store.setState((state) => ({ split: !state.split }))),
    ]
  }, [review, stops])
  useShortcuts(shortcuts)
}
