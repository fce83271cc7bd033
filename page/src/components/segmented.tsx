import { type ReactNode, useId } from 'react'

interface Segment<Value extends string> {
  readonly value: Value
  readonly label: ReactNode
}

/** One of a few, all in sight. */
export function Segmented<Value extends string>({ label, value, segments, onChange }: {
  label: string
  value: Value
  segments: readonly Segment<Value>[]
  onChange: (value: Value) => void
}) {
  const name = useId()
  return (
    <fieldset className="flex shrink-0 rounded-control border border-line2 bg-raise p-px">
      <legend className="sr-only">{label}</legend>
      {segments.map((segment) => (
        <label
          key={segment.value}
          className="touch relative flex h-6.5 cursor-pointer items-center justify-center gap-1.5 rounded-[0.3125rem] px-2.5 font-medium whitespace-nowrap text-dim hover:text-fg has-checked:bg-brand has-checked:text-onbrand has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-brand"
        >
          <input type="radio" name={name} checked={segment.value === value} onChange={() => onChange(segment.value)} className="absolute inset-0 cursor-pointer opacity-0" />
          {segment.label}
        </label>
      ))}
    </fieldset>
  )
}
