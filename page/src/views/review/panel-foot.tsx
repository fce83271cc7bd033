import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, FolderInput, GitCommitHorizontal, MessageSquareReply, Undo2 } from 'lucide-react'
import { toast, toastError } from '@/app/toasts'
import { Button, buttonClass } from '@/components/button'
import { Menu, MenuHeading, MenuItem } from '@/components/menu'
import { Ring } from '@/components/ring'
import { authorName } from './author'
import { PERSON, isWhole } from './filter'
import { addressee, counted, openComments } from './letters'
import { sendComments } from './requests'
import { useReview } from './review-context'
import type { AgentShare } from './shapes'
import { renewChanges } from './use-verdicts'

/** Four verbs fit into one row of a phone when they are words alone. */
const NARROW = '@max-md:px-1 @max-md:[&_svg]:hidden'

/** The verbs for all of it. They stay at the bottom, where a thumb reaches them. */
export function PanelFoot({ shares, complete }: { shares: readonly AgentShare[]; complete: boolean }) {
  const { store, files, blocked, busy, accepted } = useReview()
  const some = files.length > 0
  return (
    <footer className="shrink-0 border-t border-line bg-panel px-3 py-2">
      {busy !== null && <p id="review-busy" className="mb-1.5 px-1 text-meta text-dim">{busy}</p>}
      <div className="flex flex-wrap items-center justify-end gap-2 @max-md:grid @max-md:grid-cols-4 @max-md:gap-1.5">
        <SendComments />
        {some && <AcceptMenu shares={shares} complete={complete} />}
        {some && (
          <Button look="danger" className={NARROW} disabled={busy !== null} aria-describedby={busy === null ? undefined : 'review-busy'} onClick={() => store.setState({ dialog: 'discard' })}>
            <Undo2 size={14} aria-hidden />Discard…
          </Button>
        )}
        <Button className={NARROW} disabled={blocked !== null || (!some && !accepted)} onClick={() => store.setState({ dialog: 'apply' })}>
          <FolderInput size={14} aria-hidden />Apply…
        </Button>
        <Button look="primary" className={NARROW} disabled={busy !== null || (!some && !accepted)} onClick={() => store.setState({ dialog: 'commit' })}>
          <GitCommitHorizontal size={14} aria-hidden />Commit…
        </Button>
      </div>
    </footer>
  )
}

function AcceptMenu({ shares, complete }: { shares: readonly AgentShare[]; complete: boolean }) {
  const { files, filter, verdicts, blocked } = useReview()
  const give = (target: Parameters<typeof verdicts.give>[1]) => void verdicts.give('accept', target)
  return (
    <Menu
      label="Accept all…" className={`${buttonClass()} ${NARROW}`} disabled={blocked !== null}
      trigger={<><Check size={14} aria-hidden />Accept all…</>}
    >
      {!isWhole(filter) && (
        <MenuItem disabled={!complete} onClick={() => give({ kind: 'shown', files })}>Everything shown here</MenuItem>
      )}
      <MenuItem onClick={() => give({ kind: 'all' })}>Everything</MenuItem>
      {shares.length > 1 && <MenuHeading>Only what was written by</MenuHeading>}
      {shares.length > 1 && shares.map((share) => (
        <MenuItem key={share.name ?? ''} onClick={() => give({ kind: 'author', agent: share.name ?? PERSON })}>{authorName(share.name)}</MenuItem>
      ))}
    </Menu>
  )
}

function SendComments() {
  const { session, comments, blocked } = useReview()
  const client = useQueryClient()
  const send = useMutation({
    mutationFn: (agent: string | null) => sendComments(session.id, agent),
    onSuccess: ({ tasks }) => toast(`Sent to ${[...new Set(tasks.map((task) => task.agent))].join(' and ')}.`),
    onError: toastError,
    onSettled: () => renewChanges(client, session.id),
  })
  const open = openComments(comments)
  if (open.length === 0) return null
  const to = addressee(open, session.agents.at(-1) ?? null)
  return (
    <span className="mr-auto flex @max-md:col-span-4">
      <Button disabled={blocked !== null || send.isPending} onClick={() => send.mutate(null)} className="rounded-r-none">
        {send.isPending ? <Ring /> : <MessageSquareReply size={14} aria-hidden />}
        Send {counted(open.length, 'comment')} to {to}
      </Button>
      {session.agents.length > 0 && (
        <Menu label="Send the comments to another agent" className={`${buttonClass()} rounded-l-none border-l-0`} trigger="…" disabled={blocked !== null || send.isPending}>
          <MenuHeading>Send all of them to</MenuHeading>
          {session.agents.map((agent) => <MenuItem key={agent} onClick={() => send.mutate(agent)}>{agent}</MenuItem>)}
        </Menu>
      )}
    </span>
  )
}
