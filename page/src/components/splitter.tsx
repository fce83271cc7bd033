import { type KeyboardEvent, type PointerEvent, useRef } from 'react'

const STEP = 16

interface SplitterProps {
  /** What it resizes, for screen readers. */
  label: string
  value: number
  min: number
  max: number
  /** Value per pixel to the right; negative for a pane on the right side. */
  scale: number
  onChange: (value: number) => void
  className?: string
}

/** The line between two panes: dragged, or moved with the arrow keys. */
export function Splitter({ label, value, min, max, scale, onChange, className = '' }: SplitterProps) {
  const start = useRef({ x: 0, value: 0 })
  const move = (to: number) => onChange(Math.round(Math.min(max, Math.max(min, to)) * 10) / 10)
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    start.current = { x: event.clientX, value }
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    move(start.current.value + (event.clientX - start.current.x) * scale)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowLeft: value - STEP * scale, ArrowRight: value + STEP * scale, Home: min, End: max }[event.key]
    if (to === undefined) return
    event.preventDefault()
    move(to)
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
      className={`group relative z-10 -mx-1 w-2 shrink-0 cursor-col-resize touch-none outline-none ${className}`}
    >
      <span aria-hidden className="absolute inset-y-0 left-1 w-px bg-line transition-colors group-hover:bg-line2 group-focus-visible:w-0.5 group-focus-visible:bg-brand" />
    </div>
  )
}
