import type { ReactNode } from 'react'

/** What a place says when there is nothing in it, and how something comes there. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto max-w-md px-6 py-16 text-center">
      <p className="text-title">{title}</p>
      {children && <div className="mt-2 text-talk text-dim">{children}</div>}
    </div>
  )
}
