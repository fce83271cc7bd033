import { type FormEvent, useMemo, useState } from 'react'
import type { PermissionOption } from '@/api/types'
import { Button } from '@/components/button'
import { Kbd } from '@/components/kbd'
import type { Asked } from './asked'
import { Remember, type Remembered } from './remember'
import { type AskAnswer, useAnswer } from './use-answer'
import { useDigits } from './use-digits'

interface AskOptionsProps {
  ask: Asked
  disabled: boolean
  /** Whether the digits answer this one, where several are shown. */
  keys?: boolean
}

export function AskOptions({ ask, disabled, keys = true }: AskOptionsProps) {
  const answer = useAnswer(ask)
  const [saying, setSaying] = useState(false)
  const [remember, setRemember] = useState<Remembered>('no')
  const busy = disabled || answer.isPending || answer.isSuccess
  const reject = ask.options.find((option) => option.kind === 'reject_once')
  const choices = useMemo(() => {
    const given = ask.options.map((option) => ({ key: option.id, option, run: () => answer.mutate(answerOf(option, remember)) }))
    return reject ? [...given, { key: 'why', option: null, run: () => setSaying(true) }] : given
  }, [ask.options, reject, answer, remember])
  useDigits(choices, busy || saying || !keys)
  if (saying && reject) {
    return <Why busy={busy} onCancel={() => setSaying(false)} onSend={(message) => answer.mutate({ ...answerOf(reject, remember), message })} />
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      {choices.map(({ key, option, run }, index) => (
        <Button key={key} look={index === 0 && keys ? 'primary' : option === null ? 'quiet' : 'plain'} disabled={busy} onClick={run} title={option ? aboutOf(option, ask) : undefined}>
          {option ? <Label option={option} ask={ask} /> : 'Deny and say why…'}
          {keys && <Kbd>{String(index + 1)}</Kbd>}
        </Button>
      ))}
      {!ask.question && <Remember value={remember} onChange={setRemember} disabled={busy} />}
      <output className="text-meta text-dim">{answer.isPending ? 'Sending the answer…' : answer.isSuccess && 'Answered.'}</output>
    </div>
  )
}

/** Only what allows or rejects can be remembered. */
function answerOf(option: PermissionOption, remember: Remembered): AskAnswer {
  return remember === 'no' || option.kind === undefined || option.kind === 'other' ? { option_id: option.id } : { option_id: option.id, remember }
}

function Label({ option, ask }: { option: PermissionOption; ask: Asked }) {
  const pattern = ask.detail['pattern']
  if (option.kind !== 'allow_always' || typeof pattern !== 'string') return option.label
  return <>{option.label} <code className="max-w-60 truncate font-mono text-code">{pattern}</code></>
}

function aboutOf(option: PermissionOption, ask: Asked): string {
  const pattern = typeof ask.detail['pattern'] === 'string' ? `“${ask.detail['pattern']}”` : 'this'
  if (option.kind === 'allow_always') return `The agent will not ask for ${pattern} again in this session`
  if (option.kind === 'reject_always') return `The agent will not be allowed ${pattern} again in this session`
  return option.label
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
        className="touch h-8 min-w-48 grow rounded-control border border-line2 bg-raise px-2.5 placeholder:text-dim"
      />
      <Button type="submit" look="primary" disabled={busy || text.trim() === ''}>Deny</Button>
      <Button look="quiet" onClick={onCancel}>Back</Button>
    </form>
  )
}
