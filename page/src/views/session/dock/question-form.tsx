import { type FormEvent, useMemo, useState } from 'react'
import type { Question } from '@/api/types'
import { Button } from '@/components/button'
import { Kbd } from '@/components/kbd'
import type { Asked } from './asked'
import { useAnswer } from './use-answer'
import { useDigits } from './use-digits'

/** An agent's questions: choices, several of them, or free text. */
export function QuestionForm({ ask, disabled, keys = true }: { ask: Asked; disabled: boolean; keys?: boolean }) {
  const answer = useAnswer(ask)
  const [given, setGiven] = useState<string[][]>(() => ask.questions.map(() => []))
  const busy = disabled || answer.isPending || answer.isSuccess
  const complete = given.every((parts) => parts.some((part) => part.trim() !== ''))
  const decline = ask.options.find((option) => option.kind === 'reject_once')
  // Of several questions, the digits would have to guess which one is meant.
  const only = ask.questions.length === 1 ? ask.questions[0] : undefined
  const digits = useMemo(
    () => (only?.choices ?? []).map((choice) => ({ run: () => setGiven(([parts = []]) => [toggled(only, parts, choice)]) })),
    [only],
  )
  useDigits(digits, busy || !keys)
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (complete) answer.mutate({ answers: given })
  }
  return (
    <form onSubmit={send} className="space-y-3">
      {ask.questions.map((question, index) => (
        <Part key={index} name={`${ask.id}-${index}`} question={question} given={given[index] ?? []} keys={keys && question === only} onChange={(parts) => setGiven(given.with(index, parts))} />
      ))}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={busy || !complete}>Answer</Button>
        {decline && <Button disabled={busy} onClick={() => answer.mutate({ option_id: decline.id })}>{decline.label}</Button>}
      </div>
    </form>
  )
}

function Part({ name, question, given, keys, onChange }: { name: string; question: Question; given: string[]; keys: boolean; onChange: (parts: string[]) => void }) {
  const choices = question.choices ?? []
  const free = given.find((part) => !choices.includes(part)) ?? ''
  const chosen = given.filter((part) => choices.includes(part))
  const write = (text: string) => onChange([...(question.multiple ? chosen : []), ...(text === '' ? [] : [text])])
  return (
    <fieldset>
      <legend className="mb-1.5 text-talk">{question.question}</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1.5">
        {choices.map((choice, index) => (
          <label key={choice} className="touch flex cursor-pointer items-center gap-2">
            <input type={question.multiple ? 'checkbox' : 'radio'} name={name} className="accent-brand" checked={given.includes(choice)} onChange={() => onChange(toggled(question, given, choice))} />
            {choice}{keys && index < 9 && <Kbd>{String(index + 1)}</Kbd>}
          </label>
        ))}
        <input
          value={free}
          onChange={(event) => write(event.target.value)}
          placeholder={choices.length > 0 ? 'or something else' : 'Your answer'}
          aria-label={choices.length > 0 ? 'Another answer' : question.question}
          className="touch h-8 min-w-40 grow rounded-control border border-line2 bg-raise px-2.5 placeholder:text-dim"
        />
      </div>
    </fieldset>
  )
}

function toggled(question: Question | undefined, given: readonly string[], choice: string): string[] {
  if (!question?.multiple) return [choice]
  return given.includes(choice) ? given.filter((part) => part !== choice) : [...given, choice]
}
