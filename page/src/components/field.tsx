import { type ComponentProps, useId } from 'react'

interface FieldProps extends ComponentProps<'input'> {
  label: string
  hint?: string | undefined
  error?: string | null | undefined
}

const BOX =
  'block h-9 w-full rounded-control border border-line2 bg-raise px-3 text-talk placeholder:text-dim aria-invalid:border-fail disabled:opacity-60'

/** A labelled line of text. */
export function Field({ label, hint, error, className = '', ...rest }: FieldProps) {
  const id = useId()
  const about = error ?? hint
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">{label}</label>
      <input
        id={id}
        className={`${BOX} ${className}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={about ? `${id}-about` : undefined}
        {...rest}
      />
      {about && <p id={`${id}-about`} className={`mt-1 text-meta ${error ? 'text-fail' : 'text-dim'}`}>{about}</p>}
    </div>
  )
}
