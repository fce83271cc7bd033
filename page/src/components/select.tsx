import { type ComponentProps, useId } from 'react'

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange'> {
  label: string
  options: readonly { value: string; label: string }[]
  onChange: (value: string) => void
}

/** A labelled choice of one, by the browser's own list: it fits phones and screen readers best. */
export function Select({ label, options, onChange, className = '', ...rest }: SelectProps) {
  const id = useId()
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block font-medium">{label}</label>
      <select
        id={id}
        className={`touch h-9 w-full rounded-control border border-line2 bg-raise px-2 text-ui disabled:opacity-60 ${className}`}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      >
        {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
      </select>
    </div>
  )
}
