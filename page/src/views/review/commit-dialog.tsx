import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { explain } from '@/api/error'
import { toast } from '@/app/toasts'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { Notice } from '@/components/notice'
import { counted } from './letters'
import { RadioList, Tick } from './radio-list'
import { commit } from './requests'
import { useReview } from './review-context'
import { renewChanges } from './use-verdicts'

export function CommitDialog({ onClose }: { onClose: () => void }) {
  const { session, accepted, busy } = useReview()
  const [message, setMessage] = useState(session.title)
  const [each, setEach] = useState<'one' | 'turns'>('one')
  const [only, setOnly] = useState(accepted)
  const client = useQueryClient()
  const id = useId()
  const done = useMutation({
    mutationFn: () => commit(session.id, { message: message.trim(), squash: each === 'one', accepted_only: only }),
    onSuccess: (made) => {
      toast(`${made.commits.length > 1 ? `${made.commits.length} commits` : made.commit.slice(0, 8)} on ${made.branch}: ${counted(made.files, 'file')}.`)
      onClose()
    },
    onSettled: () => renewChanges(client, session.id),
  })
  const ready = message.trim() !== '' && busy === null && !done.isPending
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Commit on ${session.branch ?? "the session's branch"}`}>
      <form className="space-y-3 p-4" onSubmit={(event) => { event.preventDefault(); if (ready) done.mutate() }}>
        <div>
          <label htmlFor={id} className="mb-1 block font-medium">Message</label>
          <textarea
            id={id} rows={4} value={message} onChange={(event) => setMessage(event.target.value)}
            className="block w-full resize-y rounded-control border border-line2 bg-raise px-3 py-2 font-mono text-code"
          />
          <p className="mt-1 text-meta text-dim">The agents are named as co-authors.</p>
        </div>
        <RadioList
          label="How many commits" value={each} onChange={setEach}
          choices={[{ value: 'one', label: 'One commit' }, { value: 'turns', label: 'One for each turn' }]}
        />
        <Tick
          label="Only what is accepted" checked={only} disabled={!accepted && !only} onChange={setOnly}
          {...(!accepted && { about: 'Nothing is accepted yet, so all changes are taken.' })}
        />
        {done.isError && <Notice tone="fail" title="Nothing was committed">{explain(done.error)}</Notice>}
        {busy !== null && <p className="text-meta text-dim">{busy}</p>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={!ready}>Commit</Button>
        </div>
      </form>
    </Dialog>
  )
}
