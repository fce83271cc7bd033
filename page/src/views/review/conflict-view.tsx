import { getFiletypeFromFileName } from '@pierre/diffs'
import { MultiFileDiff } from '@pierre/diffs/react'
import { useState } from 'react'
import { CopyButton } from '@/components/copy-button'
import { Notice } from '@/components/notice'
import { useMedia } from '@/views/session/use-media'
import { conflictWords } from './conflict-words'
import { hasColours } from './grammars'
import { CODE_THEME } from './highlighting'
import { counted } from './letters'
import type { AppliedFile, ApplyConflict } from './shapes'
import { usePageTheme } from './use-page-theme'

const WIDE = '(min-width: 48rem)'

/** What stands in the way of an apply, file by file, with both sides. */
export function ConflictView({ conflicts, others }: { conflicts: readonly ApplyConflict[]; others: readonly AppliedFile[] }) {
  return (
    <>
      <Notice tone="need" title={`${counted(conflicts.length, 'file')} cannot be applied. Nothing was written.`}>
        Change the file in your checkout or reject the change here, and check again. Or tell an agent what your checkout has.
        {others.length > 0 && ` ${counted(others.length, 'other file')} would fit.`}
      </Notice>
      {conflicts.map((conflict) => <OneConflict key={conflict.path} conflict={conflict} />)}
    </>
  )
}

function OneConflict({ conflict }: { conflict: ApplyConflict }) {
  const theme = usePageTheme()
  const wide = useMedia(WIDE)
  const [shown, setShown] = useState(true)
  const { ours, theirs } = conflict
  const readable = typeof ours?.text === 'string' && typeof theirs?.text === 'string'
  const plain = !hasColours(getFiletypeFromFileName(conflict.path))
  const side = (text: string) => ({ name: conflict.path, contents: text, ...(plain && { lang: 'text' }) })
  return (
    <section aria-label={`Conflict in ${conflict.path}`} className="rounded-card border border-line">
      <h3 className="flex items-center gap-2 px-3 py-1">
        <button type="button" aria-expanded={shown} onClick={() => setShown(!shown)} className="touch min-w-0 grow cursor-pointer truncate text-left font-mono text-code">
          {conflict.path}
        </button>
        {conflict.merged !== null && <CopyButton text={conflict.merged} label="Copy the merge with its markers" />}
      </h3>
      {shown && <p className="px-3 pb-2 text-dim">{conflictWords(conflict)}</p>}
      {shown && readable && (
        <div className="border-t border-line">
          <p className="flex text-meta text-dim">
            <span className="grow px-3 py-1"><span className="text-del">−</span> your checkout</span>
            <span className="grow px-3 py-1"><span className="text-add">+</span> the session</span>
          </p>
          <div className="review-code max-h-80 overflow-auto" tabIndex={0} role="region" aria-label={`Your checkout and the session, ${conflict.path}`}>
            <MultiFileDiff
              oldFile={side(ours.text ?? '')} newFile={side(theirs.text ?? '')} disableWorkerPool
              options={{ theme: CODE_THEME, themeType: theme, diffStyle: wide ? 'split' : 'unified', disableFileHeader: true, overflow: 'wrap', hunkSeparators: 'simple' }}
            />
          </div>
        </div>
      )}
    </section>
  )
}
