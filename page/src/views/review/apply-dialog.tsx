import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { explain } from '@/api/error'
import { toast } from '@/app/toasts'
import { Button } from '@/components/button'
import { Chip } from '@/components/chip'
import { Dialog } from '@/components/dialog'
import { Lines } from '@/components/lines'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { ConflictView } from './conflict-view'
import { counted } from './letters'
import { overlapsQuery } from './queries'
import { Tick } from './radio-list'
import { type Applying, apply, undoApply } from './requests'
import { useReview } from './review-context'
import type { AppliedFile, Overlap } from './shapes'
import { renewChanges } from './use-verdicts'

/** Shows what an apply would write before it is done; with a conflict it shows why it cannot. */
export function ApplyDialog({ onClose }: { onClose: () => void }) {
  const { session, accepted, blocked } = useReview()
  const [only, setOnly] = useState(accepted)
  const client = useQueryClient()
  const check = useMutation({ mutationFn: (acceptedOnly: boolean) => apply(session.id, acceptedOnly, true) })
  const { mutate } = check
  useEffect(() => mutate(only), [mutate, only])
  const overlaps = useQuery(overlapsQuery(session.project_id))
  const done = useMutation({
    mutationFn: () => apply(session.id, only, false),
    onSuccess: (said) => {
      if (said.kind === 'conflict') return
      toast(`Your checkout has ${counted(said.outcome.files.length, 'file')} of this session now.`, {
        action: { label: 'Undo', run: () => void takeBack(session.id).finally(() => renewChanges(client, session.id)) },
      })
      onClose()
    },
    onSettled: () => renewChanges(client, session.id),
  })
  const said: Applying | undefined = done.data?.kind === 'conflict' ? done.data : check.data
  const error = done.error ?? check.error
  const files = said?.kind === 'fits' ? said.outcome.files : []
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Apply to your checkout">
      <div className="space-y-3 p-4">
        <p className="text-dim">Only files are written. Your edits there, your index and your branches stay as they are.</p>
        <Tick
          label="Only what is accepted" checked={only} disabled={!accepted && !only} onChange={setOnly}
          {...(!accepted && { about: 'Nothing is accepted yet, so all changes are taken.' })}
        />
        {check.isPending && <Skeleton rows={3} label="Looking whether it fits" />}
        {error !== null && <Notice tone="fail" title="It could not be checked">{explain(error)}</Notice>}
        {said?.kind === 'conflict' && <ConflictView conflicts={said.conflicts} others={said.files} />}
        {said?.kind === 'fits' && !check.isPending && (
          <>
            <Overlapping overlaps={overlaps.data ?? []} files={files} sessionId={session.id} />
            <FileList files={files} />
            {said.outcome.unchanged.length > 0 && <p className="text-meta text-dim">{counted(said.outcome.unchanged.length, 'file')} in your checkout already.</p>}
            {said.outcome.skipped.length > 0 && <p className="text-meta text-dim">Left alone, being other repositories: {said.outcome.skipped.join(', ')}.</p>}
          </>
        )}
        <div className="flex justify-end gap-2">
          {said?.kind === 'conflict' && <Button onClick={() => { done.reset(); mutate(only) }}>Check again</Button>}
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={blocked !== null || files.length === 0 || check.isPending || done.isPending} onClick={() => done.mutate()}>
            Apply {files.length > 0 ? counted(files.length, 'file') : ''}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

/** Undoes the last apply and says so, or why not. */
export async function takeBack(sessionId: string): Promise<void> {
  try {
    const said = await undoApply(sessionId)
    if (said.kind === 'fits') toast(`Took the apply back: ${counted(said.outcome.files.length, 'file')} of your checkout are as before.`)
    else toast(`Nothing was taken back: ${said.conflicts.map((conflict) => conflict.path).join(', ')} changed since.`, { failed: true })
  } catch (error) {
    toast(explain(error), { failed: true })
  }
}

function FileList({ files }: { files: readonly AppliedFile[] }) {
  if (files.length === 0) return <p>There is nothing to write: your checkout has all of it.</p>
  return (
    <ul aria-label="Files to write" tabIndex={0} className="max-h-64 overflow-y-auto rounded-card border border-line">
      {files.map((file) => (
        <li key={file.path} className="flex items-center gap-2 border-b border-line px-3 py-1.5 last:border-b-0">
          <span className="min-w-0 grow truncate font-mono text-code" title={file.path}>{file.path}</span>
          {file.operation !== 'edit' && <span className="text-meta text-dim">{VERBS[file.operation]}</span>}
          {file.merged && <Chip title="You have edits of your own in this file; they are kept">merged with yours</Chip>}
          <Lines additions={file.additions} deletions={file.deletions} />
        </li>
      ))}
    </ul>
  )
}

const VERBS = { create: 'new', delete: 'deleted', rename: 'renamed', edit: '' } as const

function Overlapping({ overlaps, files, sessionId }: { overlaps: readonly Overlap[]; files: readonly AppliedFile[]; sessionId: string }) {
  const paths = new Set(files.map((file) => file.path))
  const hit = overlaps.filter((overlap) => paths.has(overlap.path))
  if (hit.length === 0) return null
  const others = new Map(hit.flatMap((overlap) => overlap.sessions).filter((one) => one.id !== sessionId).map((one) => [one.id, one.title]))
  if (others.size === 0) return null
  return (
    <Notice tone="need" title={`${counted(hit.length, 'file')} changed in ${others.size === 1 ? 'another session' : 'other sessions'} too`}>
      <p>{[...others.values()].map((title) => `“${title}”`).join(', ')}: {hit.map((overlap) => overlap.path).join(', ')}. The one applied second must fit the first.</p>
    </Notice>
  )
}
