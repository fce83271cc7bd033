import { type ReactNode, useId } from 'react'

/** A titled part of a view, with what can be done with all of it. */
export function Section({ title, id, about, actions, children }: {
  title: string
  id?: string
  about?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  const own = useId()
  const heading = `${id ?? own}-heading`
  return (
    <section id={id} aria-labelledby={heading} className="scroll-mt-4">
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 id={heading} className="min-w-0 grow text-talk font-semibold">{title}</h2>
        {actions}
      </div>
      {about && <p className="-mt-1 mb-2.5 max-w-[65ch] text-dim">{about}</p>}
      {children}
    </section>
  )
}
