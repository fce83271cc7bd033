import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { PermissionOption } from '@/api/types'
import { isTyping } from '@/app/keyboard'
import { Button } from '@/components/button'
import { Kbd } from '@/components/kbd'
import type { Ask } from '@/timeline/model'
import { useAnswer } from './use-answer'

/** A digit that was meant for the text must not approve a command: keys wait until the dock was seen. */
const GUARD = 400

export function AskOptions({ ask, disabled }: { ask: Ask; disabled: boolean }) {
  const answer = useAnswer(ask)
  const [saying, setSaying] = useState(false)
  const busy = disabled || answer.isPending || answer.isSuccess
  const reject = ask.options.find((option) => option.kind === 'reject_once')
  const choices = useMemo(() => {
    const given = ask.options.map((option) => ({ key: option.id, option, run: () => answer.mutate({ option_id: option.id }) }))
    return reject ? [...given, { key: 'why', option: null, run: () => setSaying(true) }] : given
  }, [ask.options, reject, answer])
  useDigits(choices, busy || saying)
  if (saying && reject) {
    return <Why busy={busy} onCancel={() => setSaying(false)} onSend={(message) => answer.mutate({ option_id: reject.id, message })} />
  }
  return (
    <div className="flex flex-wrap gap-2">
      {choices.map(({ key, option, run }, index) => (
        <Button key={key} look={index === 0 ? 'primary' : option === null ? 'quiet' : 'plain'} disabled={busy} onClick={run} title={option ? aboutOf(option, ask) : undefined}>
          {option ? <Label option={option} ask={ask} /> : 'Deny and say why…'}
          <Kbd>{String(index + 1)}</Kbd>
        </Button>
      ))}
    </div>
  )
}

function Label({ option, ask }: { option: PermissionOption; ask: Ask }) {
  const pattern = ask.detail['pattern']
  if (option.kind !== 'allow_always' || typeof pattern !== 'string') return option.label
  return <>{option.label} <code className="max-w-60 truncate font-mono text-code">{pattern}</code></>
}

function aboutOf(option: PermissionOption, ask: Ask): string {
  const pattern = typeof ask.detail['pattern'] === 'string' ? `“${ask.detail['pattern']}”` : 'this'
  if (option.kind === 'allow_always') return `The agent will not ask for ${pattern} again in this session`
  if (option.kind === 'reject_always') return `The agent will not be allowed ${pattern} again in this session`
  return option.label
}

/** The digits answer while no text is being written; with Alt always. */
function useDigits(choices: readonly { run: () => void }[], off: boolean): void {
  const appeared = useRef(0)
  useEffect(() => {
    appeared.current = performance.now()
  }, [])
  useEffect(() => {
    if (off) return
    const onKey = (event: KeyboardEvent) => {
      const digit = Number(event.code.startsWith('Digit') ? event.code.slice(5) : Number.NaN)
      const choice = choices[digit - 1]
      if (choice === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return
      const target = event.target
      const empty = target instanceof HTMLTextAreaElement && target.value === ''
      if (!event.altKey && isTyping(target) && !empty) return
      if (performance.now() - appeared.current < GUARD) return
      event.preventDefault()
      event.stopImmediatePropagation()
      choice.run()
    }
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  }, [choices, off])
}

function Why({ busy, onSend, onCancel }: { busy: boolean; onSend: (message: string) => void; onCancel: () => void }) {
  const [text, setText] = useState('')
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() !== '') onSend(text.trim())
  }
  return (
    <form onSubmit={send} className="flex flex-wrap gap-2">
      <input
        // It was asked for by the click or key that just happened.
        ref={(input) => input?.focus()}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onCancel()}
        aria-label="Why not, and what instead"
        placeholder="Why not, and what instead?"
        className="h-8 min-w-48 grow rounded-control border border-line2 bg-raise px-2.5 placeholder:text-dim"
      />
      <Button type="submit" look="primary" disabled={busy || text.trim() === ''}>Deny</Button>
      <Button look="quiet" onClick={onCancel}>Back</Button>
    </form>
  )
}
