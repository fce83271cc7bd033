import { Check, MessageSquarePlus, X } from 'lucide-react'
import { useStore } from 'zustand'
import { Button } from '@/components/button'
import { Ring } from '@/components/ring'
import { hunkAuthors } from './author'
import { AuthorTile } from './author-tile'
import { baseName } from './choice'
import { turnWords } from './filter'
import { useReview } from './review-context'
import { compose } from './review-store'
import { anchorOf, stopKey } from './walk'

/** Who wrote a hunk, and what to do with it. */
export function HunkFoot({ path, hunkId }: { path: string; hunkId: string }) {
  const { files, store, verdicts, blocked, busy, turnNumber } = useReview()
  const file = files.find((one) => one.path === path)
  const hunk = file?.hunks.find((one) => one.id === hunkId)
  const current = useStore(store, (state) => hunk !== undefined && state.current === stopKey({ path, hunk }))
  if (file === undefined || hunk === undefined) return null
  const place = anchorOf(hunk)
  const where = `${baseName(path)} line ${place.line}`
  const turns = hunk.task_ids.map((taskId) => turnWords(turnNumber(taskId)))
  const target = { kind: 'hunk', file, hunk } as const
  return (
    <fieldset
      onFocus={() => store.setState({ current: stopKey({ path, hunk }) })}
      className={`flex flex-wrap items-center gap-x-2 gap-y-1 border-l-2 py-1.5 pr-2 pl-3 font-sans text-ui ${current ? 'border-brand bg-panel' : 'border-transparent'}`}
    >
      <legend className="sr-only">Part of {where}</legend>
      <span className="flex grow flex-wrap items-center gap-x-2.5 gap-y-0.5 text-meta text-dim">
        {hunkAuthors(hunk).map((author) => <AuthorTile key={author ?? ''} author={author} named />)}
        {turns.length > 0 && <span>{[...new Set(turns)].join(', ')}</span>}
        {hunk.seen && <span>viewed</span>}
      </span>
      {verdicts.pending.has(hunk.id) ? <Ring /> : (
        <span className="flex flex-wrap gap-1.5">
          <Button disabled={blocked !== null} aria-label={`Comment on ${where}`} onClick={() => compose(store, { path, ...place })}>
            <MessageSquarePlus size={14} aria-hidden />
          </Button>
          <Button disabled={blocked !== null} aria-label={`Accept ${where}`} onClick={() => void verdicts.give('accept', target)}>
            <Check size={14} aria-hidden />Accept
          </Button>
          <Button disabled={busy !== null} aria-label={`Reject ${where}`} onClick={() => void verdicts.give('reject', target)}>
            <X size={14} aria-hidden />Reject
          </Button>
        </span>
      )}
    </fieldset>
  )
}
