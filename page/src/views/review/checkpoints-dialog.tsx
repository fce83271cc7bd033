import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { explain } from '@/api/error'
import { toast, toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { Lines } from '@/components/lines'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { ago, useNow } from '@/components/time'
import { AuthorTile } from './author-tile'
import { checkpointWords } from './checkpoint-words'
import { counted } from './letters'
import { checkpointsQuery } from './queries'
import { Tick } from './radio-list'
import { rewind } from './requests'
import { useReview } from './review-context'
import type { Checkpoint } from './shapes'
import { renewChanges } from './use-verdicts'

const MINUTE = 60_000

export function CheckpointsDialog({ onClose }: { onClose: () => void }) {
  const { session, busy } = useReview()
  const found = useInfiniteQuery(checkpointsQuery(session.id))
  const [chosen, setChosen] = useState<Checkpoint | null>(null)
  const list = found.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={chosen === null ? 'Checkpoints' : 'Restore files'}>
      {chosen !== null ? <Restore checkpoint={chosen} onBack={() => setChosen(null)} onClose={onClose} /> : (
        <div className="p-2">
          {busy !== null && <p className="px-2 pb-2 text-meta text-dim">{busy}</p>}
          {found.isPending && <Skeleton rows={4} label="Loading the checkpoints" />}
          {found.isError && <Notice tone="fail" title="The checkpoints could not be read">{explain(found.error)}</Notice>}
          {found.isSuccess && list.length === 0 && <p className="p-2 text-dim">There is none yet. The first turn makes one.</p>}
          <ul aria-label="Checkpoints, newest first">
            {list.map((checkpoint, index) => (
              <Line key={checkpoint.id} checkpoint={checkpoint} now={index === 0} onChoose={() => setChosen(checkpoint)} />
            ))}
          </ul>
          {found.hasNextPage && <Button onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>Show older ones</Button>}
        </div>
      )}
    </Dialog>
  )
}

function Line({ checkpoint, now, onChoose }: { checkpoint: Checkpoint; now: boolean; onChoose: () => void }) {
  const { turnNumber, busy } = useReview()
  const time = useNow(MINUTE)
  const words = checkpointWords(checkpoint, checkpoint.task_id === null ? null : turnNumber(checkpoint.task_id))
  return (
    <li className="flex items-center gap-2 rounded-control px-2 py-1.5 hover:bg-panel">
      <span className="min-w-0 grow">
        <span className="block truncate">{checkpoint.title}</span>
        <span className="flex items-center gap-2 text-meta text-dim">
          {checkpoint.agent !== null && <AuthorTile author={checkpoint.agent} />}
          <span>{words} · {ago(Date.parse(checkpoint.created_at), time)}</span>
          {checkpoint.files > 0 && <span>{counted(checkpoint.files, 'file')}</span>}
          <Lines additions={checkpoint.additions} deletions={checkpoint.deletions} />
        </span>
      </span>
      {now ? <span className="px-2 text-meta text-dim">now</span> : (
        <Button disabled={busy !== null} aria-label={`Restore files to ${words}: ${checkpoint.title}`} onClick={onChoose}>Restore…</Button>
      )}
    </li>
  )
}

function Restore({ checkpoint, onBack, onClose }: { checkpoint: Checkpoint; onBack: () => void; onClose: () => void }) {
  const { session, busy, turnNumber } = useReview()
  const client = useQueryClient()
  const [memory, setMemory] = useState(false)
  const words = checkpointWords(checkpoint, checkpoint.task_id === null ? null : turnNumber(checkpoint.task_id))
  const undo = async (to: string) => {
    try {
      await rewind(session.id, to, false)
      toast('The files are as they were before.')
    } catch (error) {
      toastError(error)
    }
    await renewChanges(client, session.id)
  }
  const restore = useMutation({
    mutationFn: () => rewind(session.id, checkpoint.id, memory),
    onSuccess: ({ files, kept, conversations, undo_checkpoint_id: back }) => {
      const stayed = kept.length > 0 ? ` ${counted(kept.length, 'file')} stayed that the checkpoint did not know.` : ''
      const too = conversations.length > 0 ? ` ${conversations.join(' and ')} went back in memory too.` : ''
      toast(`Files are as ${words}: ${counted(files.length, 'file')} changed.${stayed}${too}`, {
        action: back === null ? null : { label: 'Undo', run: () => void undo(back) },
      })
      onClose()
    },
    onSettled: () => renewChanges(client, session.id),
  })
  return (
    <div className="space-y-3 p-4">
      <p>Restore files to <strong className="font-semibold">{words}</strong>: {checkpoint.title}</p>
      <ul className="list-disc space-y-1 pl-5 text-dim">
        <li>The conversation stays. Each agent hears of it at its next turn.</li>
        <li>Files that the checkpoint did not know, and ignored ones, stay.</li>
        <li>A checkpoint of now is made first, so this can be undone.</li>
      </ul>
      <Tick label="Take back the agents' own memory as well" about="Where an agent can do that" checked={memory} onChange={setMemory} />
      {restore.isError && <Notice tone="fail" title="Nothing was restored">{explain(restore.error)}</Notice>}
      {busy !== null && <p className="text-meta text-dim">{busy}</p>}
      <div className="flex justify-end gap-2">
        <Button onClick={onBack}>Back</Button>
        <Button look="primary" disabled={busy !== null || restore.isPending} onClick={() => restore.mutate()}>Restore files</Button>
      </div>
    </div>
  )
}
