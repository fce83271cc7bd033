import { Check, ChevronDown, ChevronRight, Eye, EyeOff, X } from 'lucide-react'
import { useStore } from 'zustand'
import { Button, IconButton } from '@/components/button'
import { Lines } from '@/components/lines'
import { Ring } from '@/components/ring'
import { authorName, percent } from './author'
import { AuthorTile } from './author-tile'
import { baseName } from './choice'
import { fileWords } from './file-words'
import { isUnloaded } from './folding'
import { useReview } from './review-context'
import { fold, open } from './review-store'
import { stopKey } from './walk'

/** A file's line in the list, which stays in sight while one reads its hunks. */
export function FileHead({ path }: { path: string }) {
  const { files, store, isFolded, verdicts, blocked, busy } = useReview()
  const file = files.find((one) => one.path === path)
  const current = useStore(store, (state) => state.current === path)
  const opened = useStore(store, (state) => state.opened.has(path))
  if (file === undefined) return null
  const folded = isFolded(file)
  const name = baseName(file.path)
  const target = { kind: 'file', file } as const
  const deciding = verdicts.pending.has(file.path)
  const unloaded = isUnloaded(file)
  const words = fileWords(file)
  const Chevron = folded ? ChevronRight : ChevronDown
  const toggle = () => {
    if (unloaded) open(store, path)
    else fold(store, path, !folded)
    store.setState({ current: stopKey({ path, hunk: null }) })
  }
  return (
    <div className={`flex h-12 items-center gap-1 border-b border-line pr-2 pl-1 ${current ? 'bg-panel' : 'bg-bg'}`}>
      <h3 className="contents">
        <button
          type="button" onClick={toggle} aria-expanded={!folded} disabled={file.hunks.length === 0 && !unloaded}
          className="touch flex h-full min-w-0 grow cursor-pointer items-center gap-1.5 text-left disabled:cursor-default"
        >
          <span className="grid w-5 shrink-0 place-items-center text-dim">
            {(file.hunks.length > 0 || unloaded) && <Chevron size={14} aria-hidden />}
          </span>
          <span className="min-w-0 grow">
            <span className="block truncate font-mono text-code" title={file.path}>
              <span className="text-dim">{file.path.slice(0, -name.length)}</span><span className="font-medium">{name}</span>
            </span>
            <span className="flex min-w-0 items-center gap-2 text-meta text-dim">
              <Lines additions={file.additions} deletions={file.deletions} />
              <span className="flex shrink-0 gap-1">
                {file.agents.map((share) => <AuthorTile key={authorName(share.name)} author={share.name} words={`${authorName(share.name)} ${percent(share.share)}`} />)}
              </span>
              {words.length > 0 && <span className="truncate">{words.join(' · ')}</span>}
            </span>
          </span>
        </button>
      </h3>
      {unloaded && !opened && <Button onClick={() => open(store, path)} aria-label={`Open ${name} anyway`}>Open anyway</Button>}
      {unloaded && opened && <Ring />}
      {deciding ? <Ring /> : (
        <>
          <IconButton
            label={file.seen ? `${name} is viewed` : `Mark ${name} as viewed`} aria-pressed={file.seen} disabled={blocked !== null || file.seen}
            className={file.seen ? 'text-ok opacity-100!' : ''}
            onClick={() => { fold(store, path, true); void verdicts.give('seen', target) }}
          >
            {file.seen ? <Eye size={15} aria-hidden /> : <EyeOff size={15} aria-hidden />}
          </IconButton>
          <IconButton label={`Accept ${name}`} disabled={blocked !== null} onClick={() => void verdicts.give('accept', target)}>
            <Check size={15} aria-hidden />
          </IconButton>
          <IconButton label={`Reject ${name}`} disabled={busy !== null} onClick={() => void verdicts.give('reject', target)}>
            <X size={15} aria-hidden />
          </IconButton>
        </>
      )}
    </div>
  )
}
