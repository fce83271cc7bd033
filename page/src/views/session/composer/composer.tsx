import { CornerDownLeft, Square } from 'lucide-react'
import { type RefObject, Suspense, lazy, useCallback, useEffect, useId, useRef, useState } from 'react'
import { explain } from '@/api/error'
import { useLine } from '@/app/reconnect-bar'
import { toast } from '@/app/toasts'
import { Button } from '@/components/button'
import { useSession, useSessionState } from '../session-context'
import { ChoiceBar } from './choice-bar'
import { type Wanted, completed, wantedAt } from './completion'
import type { CompletionHandle } from './completion-list'
import { ContextMeter } from './context-meter'
import { useDraft } from './draft'
import { HandoverSwitch } from './handover-switch'
import { useChoice } from './use-choice'
import { useComposerKeys } from './use-composer-keys'
import { usePast } from './use-past'
import { useQueue } from './use-queue'
import { useCancel, useSend } from './use-send'
import { TEXT_ID, useWishes } from './wishes'

const QueueList = lazy(() => import('./queue-list'))
const CompletionList = lazy(() => import('./completion-list'))

/** Where a person writes. Enter sends, or queues while an agent works. */
export function Composer() {
  const session = useSession()
  const { running, agents } = useSessionState()
  const [draft, setDraft] = useDraft(session.id)
  const [wanted, setWanted] = useState<Wanted | null>(null)
  const [active, setActive] = useState<string | undefined>(undefined)
  const [editing, setEditing] = useState<string | null>(null)
  const [handover, setHandover] = useState<boolean | null>(null)
  const choice = useChoice()
  const past = usePast(choice.agent?.name)
  const queue = useQueue()
  const send = useSend(session.id)
  const cancel = useCancel(session.id)
  const box = useRef<HTMLTextAreaElement>(null)
  const completion = useRef<CompletionHandle>(null)
  const listId = useId()
  const offline = useLine().state === 'lost'
  const state = agents.get(choice.agent?.name ?? '')
  const ready = draft.trim() !== '' && choice.agent !== undefined && !offline && !send.isPending

  useEffect(() => {
    // A finger would only get a keyboard over half of the screen.
    if (matchMedia('(pointer: fine)').matches) box.current?.focus()
  }, [])
  useWishedText(session.id, setDraft, box)

  const submit = (now: boolean) => {
    if (!ready || choice.agent === undefined) return
    const text = draft
    setDraft('')
    setWanted(null)
    send.mutate({
      agent: choice.agent.name, input: text, model: choice.model, mode: choice.mode,
      handover: past.missed.turns > 0 ? handover : null, ...(now && running && { stop: running.id }),
    }, {
      onSuccess: () => setHandover(null),
      onError: (error) => {
        setDraft(text)
        toast(explain(error), { failed: true })
      },
    })
  }
  const look = () => box.current && setWanted(wantedAt(box.current.value, box.current.selectionStart))
  const take = useCallback((word: string) => {
    if (!box.current || wanted === null) return
    const { text, caret } = completed(box.current.value, wanted, word)
    setDraft(text)
    // A folder's files come next.
    setWanted(wantedAt(text, caret))
    requestAnimationFrame(() => box.current?.setSelectionRange(caret, caret))
  }, [setDraft, wanted])
  const stop = () => running && cancel.mutate(running.id)
  const onKeyDown = useComposerKeys({
    completion: wanted === null ? null : completion, leave: () => setWanted(null), submit, stop,
    editLast: () => {
      const last = queue.at(-1)
      if (last) setEditing(last.id)
      return last !== undefined
    },
  })
  const leaveEdit = (taskId: string | null) => {
    setEditing(taskId)
    if (taskId === null) box.current?.focus()
  }

  return (
    <div className="space-y-2">
      {(queue.length > 0 || session.hold_reason !== null) && <Suspense><QueueList tasks={queue} editing={editing} onEdit={leaveEdit} /></Suspense>}
      <div className="relative rounded-composer border border-line2 bg-raise focus-within:border-dim">
        {wanted && (
          <Suspense>
            <CompletionList id={listId} wanted={wanted} commands={state?.commands.length ? state.commands : (choice.agent?.commands ?? [])} handle={completion} onTake={take} onActive={setActive} />
          </Suspense>
        )}
        {choice.agent && <HandoverSwitch agent={choice.agent.name} past={past} value={handover ?? session.handover} onChange={setHandover} />}
        <textarea
          ref={box}
          id={TEXT_ID}
          value={draft}
          onChange={(event) => { setDraft(event.target.value); look() }}
          onSelect={look}
          onBlur={() => setWanted(null)}
          onKeyDown={onKeyDown}
          rows={2}
          aria-label={`Message ${choice.agent?.label ?? 'an agent'}`}
          aria-autocomplete="list"
          aria-controls={active === undefined ? undefined : listId}
          aria-activedescendant={active}
          placeholder={placeholder(choice.agent?.label, running !== null)}
          className="block field-sizing-content max-h-[40vh] min-h-14 w-full resize-none bg-transparent px-3.5 pt-3 text-talk outline-none placeholder:text-dim"
        />
        <div className="flex flex-wrap items-center gap-1.5 p-2">
          <ChoiceBar choice={choice} current={{ model: state?.model ?? null, mode: state?.mode ?? null }} past={past} />
          <ContextMeter state={state} />
          <span className="ml-auto flex items-center gap-1.5">
            {offline && <span className="text-meta text-need">Offline: it waits here</span>}
            {running && <Button look="danger" onClick={stop} disabled={cancel.isPending || offline}><Square size={12} aria-hidden />Stop</Button>}
            <Button look="primary" onClick={() => submit(false)} disabled={!ready}>{running ? 'Queue' : 'Send'}<CornerDownLeft size={14} aria-hidden /></Button>
          </span>
        </div>
      </div>
    </div>
  )
}

/** A prompt of an earlier turn, to be changed and sent again. */
function useWishedText(sessionId: string, setDraft: (text: string) => void, box: RefObject<HTMLTextAreaElement | null>): void {
  const wish = useWishes((wishes) => wishes.text)
  useEffect(() => {
    if (wish?.sessionId !== sessionId) return
    setDraft(wish.text)
    useWishes.setState({ text: null })
    box.current?.focus()
  }, [wish, sessionId, setDraft, box])
}

function placeholder(label: string | undefined, busy: boolean): string {
  if (label === undefined) return 'No agent is installed and enabled. See Settings.'
  return `Message ${label}. / commands, @ files, Enter ${busy ? 'queues while it works' : 'sends'}`
}
