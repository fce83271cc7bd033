import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ArrowDown, ArrowUp, Check, Pencil, Trash2, X, Zap } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { AgentTile } from '@/agents/agent-tile'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import type { Task } from '@/api/types'
import { announce } from '@/app/announcer'
import { useLine } from '@/app/reconnect-bar'
import { toastError } from '@/app/toasts'
import { Button, IconButton } from '@/components/button'
import { useSession, useSessionState } from '../session-context'
import { useResume } from './use-resume'
import { useCancel, useFirst } from './use-send'

interface QueueListProps {
  tasks: readonly Task[]
  /** The one whose text is being changed. */
  editing: string | null
  onEdit: (taskId: string | null) => void
}

export default function QueueList({ tasks, editing, onEdit }: QueueListProps) {
  const session = useSession()
  return (
    <>
      {session.hold_reason !== null && <Held />}
      {tasks.length > 0 && (
        <ol aria-label="Queue" tabIndex={0} className="max-h-40 space-y-1.5 overflow-y-auto">
          {tasks.map((task, index) => (
            <QueueRow key={task.id} task={task} index={index} count={tasks.length} editing={task.id === editing} onEdit={onEdit} />
          ))}
        </ol>
      )}
    </>
  )
}

interface QueueRowProps {
  task: Task
  index: number
  count: number
  editing: boolean
  onEdit: (taskId: string | null) => void
}

function QueueRow({ task, index, count, editing, onEdit }: QueueRowProps) {
  const client = useQueryClient()
  const cancel = useCancel(task.session_id)
  const first = useFirst(task.session_id)
  const offline = useLine().state === 'lost'
  const { running } = useSessionState()
  const change = useMutation({
    mutationFn: (body: { input?: string; position?: number }) => call(http.PATCH('/api/tasks/{task_id}', { params: { path: { task_id: task.id } }, body })),
    onSuccess: () => onEdit(null),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.tasks(task.session_id) }),
  })
  const move = (to: number) => {
    if (to < 0 || to >= count || offline) return
    change.mutate({ position: to }, { onSuccess: () => announce(`Now ${to + 1} of ${count}`) })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    event.stopPropagation()
    move(event.key === 'ArrowUp' ? index - 1 : index + 1)
  }
  return (
    <li className="flex items-center gap-1 rounded-card border border-dashed border-line2 py-0.5 pr-1 pl-3" onKeyDown={onKeyDown}>
      <span className="tabular pr-1 text-meta text-dim">{index + 1}</span>
      <AgentTile name={task.agent} />
      {editing ? (
        <Edit task={task} busy={change.isPending || offline} onSave={(input) => change.mutate({ input })} onLeave={() => onEdit(null)} />
      ) : (
        <>
          <span className="min-w-0 grow truncate pl-1" title={task.input}>{task.input}</span>
          {running && <IconButton label="Stop and send this now" disabled={offline || first.isPending} onClick={() => first.mutate({ taskId: task.id, stop: running.id })}><Zap size={14} aria-hidden /></IconButton>}
          <IconButton label="Earlier" disabled={index === 0 || offline} onClick={() => move(index - 1)}><ArrowUp size={14} aria-hidden /></IconButton>
          <IconButton label="Later" className="max-sm:hidden" disabled={index === count - 1 || offline} onClick={() => move(index + 1)}><ArrowDown size={14} aria-hidden /></IconButton>
          <IconButton label="Edit" disabled={offline} onClick={() => onEdit(task.id)}><Pencil size={14} aria-hidden /></IconButton>
          <IconButton label="Remove" disabled={offline} onClick={() => cancel.mutate(task.id)}><Trash2 size={14} aria-hidden /></IconButton>
        </>
      )}
    </li>
  )
}

function Edit({ task, busy, onSave, onLeave }: { task: Task; busy: boolean; onSave: (text: string) => void; onLeave: () => void }) {
  const [text, setText] = useState(task.input)
  const save = () => text.trim() !== '' && onSave(text)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onLeave()
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    save()
  }
  return (
    <>
      <textarea
        ref={atEnd}
        value={text}
        aria-label="The prompt that waits"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-40 min-w-0 grow resize-none bg-transparent py-1 pl-1 outline-none"
      />
      <IconButton label="Save" onClick={save} disabled={busy || text.trim() === ''}><Check size={14} aria-hidden /></IconButton>
      <IconButton label="Leave it as it was" onClick={onLeave}><X size={14} aria-hidden /></IconButton>
    </>
  )
}

/** It was asked for by the click or key that just happened. */
function atEnd(box: HTMLTextAreaElement | null): void {
  box?.focus()
  box?.setSelectionRange(box.value.length, box.value.length)
}

/** After a lost turn the queue stands still until a person says go. */
function Held() {
  const session = useSession()
  const resume = useResume(session.id)
  return (
    <div role="status" className="flex items-center gap-2 rounded-card border border-need/50 bg-needbg py-1 pr-1 pl-3 text-need">
      <p className="min-w-0 grow">The queue is held: {session.hold_reason}</p>
      <Button onClick={() => resume.mutate()} disabled={resume.isPending}>Let the queue go on</Button>
    </div>
  )
}
