import { useEffect, useState } from 'react'

const AFTER = 150

/** Grey rows while something loads. Not at once: what comes quickly should not flicker. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), AFTER)
    return () => clearTimeout(timer)
  }, [])
  if (!shown) return <output className="sr-only">{label}</output>
  return (
    <output className="block space-y-3 p-3" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="block space-y-1.5">
          <span className="block h-3 w-3/4 rounded bg-line" />
          <span className="block h-2 w-1/2 rounded bg-line/60" />
        </span>
      ))}
    </output>
  )
}
