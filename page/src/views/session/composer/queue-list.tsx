import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowDown, ArrowUp, Check, Pencil, Trash2, X } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { AgentTile } from '@/agents/agent-tile'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { tasksQuery } from '@/api/queries'
import type { Task } from '@/api/types'
import { toastError } from '@/app/toasts'
import { Button, IconButton } from '@/components/button'
import { useSession, useSessionState, useShown } from '../session-context'
import { useCancel } from './use-send'

/** Prompts that wait, in order. They live on the server: a reload changes nothing. */
export function QueueList() {
  const session = useSession()
  const { store } = useShown().feed
  useSessionState()
  const { data: tasks = [] } = useQuery(tasksQuery(session.id))
  // The events know first what has begun; the list is read again a moment later.
  const begun = (task: Task) => (store.turn(task.id)?.status ?? 'pending') !== 'pending'
  const waiting = tasks.filter((task) => task.status === 'pending' && !begun(task)).toSorted((a, b) => a.position - b.position)
  // The next one is about to start; a line that comes and goes within a moment only unsettles.
  const shown = session.running_task === null && session.hold_reason === null ? waiting.slice(1) : waiting
  return (
    <>
      {session.hold_reason !== null && <Held />}
      {shown.length > 0 && (
        <ol aria-label="Queue" tabIndex={0} className="max-h-36 space-y-1.5 overflow-y-auto">
          {shown.map((task, index) => <QueueRow key={task.id} task={task} index={index} count={shown.length} />)}
        </ol>
      )}
    </>
  )
}

function QueueRow({ task, index, count }: { task: Task; index: number; count: number }) {
  const client = useQueryClient()
  const [text, setText] = useState<string | null>(null)
  const cancel = useCancel(task.session_id)
  const change = useMutation({
    mutationFn: (body: { input?: string; position?: number }) => call(http.PATCH('/api/tasks/{task_id}', { params: { path: { task_id: task.id } }, body })),
    onSuccess: () => setText(null),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(task.session_id) }),
  })
  const move = (to: number) => to >= 0 && to < count && change.mutate({ position: to })
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    event.stopPropagation()
    move(event.key === 'ArrowUp' ? index - 1 : index + 1)
  }
  const save = () => text !== null && text.trim() !== '' && change.mutate({ input: text })
  return (
    <li className="flex items-center gap-2 rounded-card border border-dashed border-line2 py-0.5 pr-1 pl-3" onKeyDown={onKeyDown}>
      <span className="tabular text-meta text-dim">{index + 1}</span>
      <AgentTile name={task.agent} />
      {text === null ? (
        <>
          <span className="min-w-0 grow truncate">{task.input}</span>
          <IconButton label="Earlier" disabled={index === 0} onClick={() => move(index - 1)}><ArrowUp size={14} aria-hidden /></IconButton>
          <IconButton label="Later" disabled={index === count - 1} onClick={() => move(index + 1)}><ArrowDown size={14} aria-hidden /></IconButton>
          <IconButton label="Edit" onClick={() => setText(task.input)}><Pencil size={14} aria-hidden /></IconButton>
          <IconButton label="Remove" onClick={() => cancel.mutate(task.id)}><Trash2 size={14} aria-hidden /></IconButton>
        </>
      ) : (
        <>
          <textarea
            ref={(box) => box?.focus()}
            value={text}
            aria-label="The prompt that waits"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setText(null)
              if (event.key === 'Enter' && !event.shiftKey) {
                event.preventDefault()
                save()
              }
            }}
            className="field-sizing-content max-h-40 min-w-0 grow resize-none bg-transparent py-1 outline-none"
          />
          <IconButton label="Save" onClick={save} disabled={change.isPending}><Check size={14} aria-hidden /></IconButton>
          <IconButton label="Leave it as it was" onClick={() => setText(null)}><X size={14} aria-hidden /></IconButton>
        </>
      )}
    </li>
  )
}

/** After a lost turn the queue stands still until a person says go. */
function Held() {
  const session = useSession()
  const go = useMutation({
    mutationFn: () => call(http.POST('/api/sessions/{session_id}/resume', { params: { path: { session_id: session.id } } })),
    onError: toastError,
  })
  return (
    <div role="status" className="flex items-center gap-2 rounded-card border border-need/50 bg-needbg py-1 pr-1 pl-3 text-need">
      <p className="min-w-0 grow">The queue is held: {session.hold_reason}</p>
      <Button onClick={() => go.mutate()} disabled={go.isPending}>Let it go on</Button>
    </div>
  )
}
