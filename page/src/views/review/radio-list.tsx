import { type ReactNode, useId } from 'react'

interface RadioListProps<Value extends string> {
  label: string
  value: Value
  onChange: (value: Value) => void
  choices: readonly { value: Value; label: ReactNode; about?: string; disabled?: boolean }[]
}

/** One of a few. */
export function RadioList<Value extends string>({ label, value, onChange, choices }: RadioListProps<Value>) {
  const name = useId()
  return (
    <fieldset>
      <legend className="sr-only">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className="touch flex cursor-pointer items-start gap-2 py-1.5 has-disabled:cursor-default has-disabled:opacity-60">
          <input
            type="radio" name={name} checked={value === choice.value} disabled={choice.disabled ?? false}
            onChange={() => onChange(choice.value)} className="mt-0.5 size-4 accent-brand"
          />
          <span>
            {choice.label}
            {choice.about && <span className="block text-meta text-dim">{choice.about}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

export function Tick({ label, about, checked, onChange, disabled = false }: {
  label: string
  about?: string
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}) {
  return (
    <label className="touch flex cursor-pointer items-start gap-2 py-1.5 has-disabled:cursor-default has-disabled:opacity-60">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} className="mt-0.5 size-4 accent-brand" />
      <span>
        {label}
        {about && <span className="block text-meta text-dim">{about}</span>}
      </span>
    </label>
  )
}
