import { type ComponentProps, useId } from 'react'

interface TextAreaProps extends ComponentProps<'textarea'> {
  label: string
  hint?: string | undefined
  error?: string | null | undefined
}

/** A labelled text of several lines that grows with what is in it. */
export function TextArea({ label, hint, error, className = '', ...rest }: TextAreaProps) {
  const id = useId()
  const about = error ?? hint
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">{label}</label>
      <textarea
        id={id}
        className={`block field-sizing-content max-h-[40vh] w-full resize-none rounded-control border border-line2 bg-raise px-3 py-2 text-talk placeholder:text-dim aria-invalid:border-fail disabled:opacity-60 ${className}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={about ? `${id}-about` : undefined}
        {...rest}
      />
      {about && <p id={`${id}-about`} className={`mt-1 text-meta ${error ? 'text-fail' : 'text-dim'}`}>{about}</p>}
    </div>
  )
}
