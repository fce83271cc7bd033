import { CornerDownLeft, Square } from 'lucide-react'
import { type KeyboardEvent, Suspense, lazy, useEffect, useRef } from 'react'
import { explain } from '@/api/error'
import { useLine } from '@/app/reconnect-bar'
import { toast } from '@/app/toasts'
import { Button } from '@/components/button'
import { count } from '@/components/time'
import { useSession, useSessionState } from '../session-context'
import { useDraft } from './draft'
import { QueueList } from './queue-list'
import { useChoice } from './use-choice'
import { useCancel, useSend } from './use-send'

// Menus are a third of the page's weight and nothing before the first click needs them.
const ChoiceMenus = lazy(() => import('./choice-menus'))

const TWICE_WITHIN = 600

/** Where a person writes. Enter sends, or queues while an agent works. */
export function Composer() {
  const session = useSession()
  const { running, agents } = useSessionState()
  const [draft, setDraft] = useDraft(session.id)
  const choice = useChoice()
  const send = useSend(session.id)
  const cancel = useCancel(session.id)
  const box = useRef<HTMLTextAreaElement>(null)
  const escaped = useRef(0)
  const offline = useLine().state === 'lost'
  const state = agents.get(choice.agent?.name ?? '')
  const ready = draft.trim() !== '' && choice.agent !== undefined && !offline && !send.isPending

  useEffect(() => {
    // A finger would only get a keyboard over half of the screen.
    if (matchMedia('(pointer: fine)').matches) box.current?.focus()
  }, [])

  const submit = () => {
    if (!ready || choice.agent === undefined) return
    const text = draft
    setDraft('')
    send.mutate({ agent: choice.agent.name, input: text, model: choice.model, mode: choice.mode }, {
      onError: (error) => {
        setDraft(text)
        toast(explain(error), { failed: true })
      },
    })
  }
  const stop = () => running && cancel.mutate(running.id)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Escape') {
      const now = performance.now()
      if (now - escaped.current < TWICE_WITHIN) stop()
      escaped.current = now
    }
  }

  return (
    <div className="space-y-2">
      <QueueList />
      <div className="rounded-composer border border-line2 bg-raise focus-within:border-dim">
        <textarea
          ref={box}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
          rows={2}
          aria-label={`Message ${choice.agent?.label ?? 'an agent'}`}
          placeholder={placeholder(choice.agent?.label, running !== null)}
          className="block field-sizing-content max-h-[40vh] min-h-14 w-full resize-none bg-transparent px-3.5 pt-3 text-talk outline-none placeholder:text-dim"
        />
        <div className="flex flex-wrap items-center gap-1.5 p-2">
          <Suspense fallback={<span className="h-7" />}>
            <ChoiceMenus choice={choice} current={{ model: state?.model ?? null, mode: state?.mode ?? null }} />
          </Suspense>
          {state?.contextUsed != null && (
            <span className="tabular px-1 text-meta text-dim" title="Context used">
              {count(state.contextUsed)}{state.contextSize != null && ` / ${count(state.contextSize)}`}
            </span>
          )}
          <span className="ml-auto flex gap-1.5">
            {running && <Button look="danger" onClick={stop} disabled={cancel.isPending || offline}><Square size={12} aria-hidden />Stop</Button>}
            <Button look="primary" onClick={submit} disabled={!ready}>{running ? 'Queue' : 'Send'}<CornerDownLeft size={14} aria-hidden /></Button>
          </span>
        </div>
      </div>
    </div>
  )
}

function placeholder(label: string | undefined, busy: boolean): string {
  if (label === undefined) return 'No agent is installed and enabled. See Settings.'
  return `Message ${label}. Enter ${busy ? 'queues while it works' : 'sends'}`
}
