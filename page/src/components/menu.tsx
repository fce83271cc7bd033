import { Menu as Base } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'

interface MenuProps {
  trigger: ReactNode
  /** Of a trigger without words. One with words is named by them. */
  label?: string | undefined
  className: string
  disabled?: boolean
  /** Where something else than its trigger opens it, too. */
  open?: boolean
  onOpenChange?: (open: boolean) => void
  /** What has the focus afterwards, if not the trigger. */
  finalFocus?: () => HTMLElement | null
  children: ReactNode
}

const POPUP =
  'z-50 max-h-[min(24rem,var(--available-height))] min-w-44 max-w-80 overflow-y-auto rounded-card border border-line2 bg-raise p-1 text-ui shadow-pop outline-none'
const ITEM =
  'touch flex cursor-pointer items-center gap-2 rounded-control px-2 py-1.5 outline-none select-none data-disabled:cursor-default data-disabled:opacity-50 data-highlighted:bg-panel'

export function Menu({ trigger, label, className, disabled = false, open, onOpenChange, finalFocus, children }: MenuProps) {
  return (
    <Base.Root {...(open !== undefined && { open })} onOpenChange={(next) => onOpenChange?.(next)}>
      <Base.Trigger aria-label={label} className={className} disabled={disabled}>{trigger}</Base.Trigger>
      <Base.Portal container={document.getElementById('view')}>
        {/* Outside of the page's own landmarks, it needs one to be found by. */}
        <section aria-label={label ?? 'Choices'}>
          <Base.Positioner side="top" align="start" sideOffset={6} className="z-50">
            <Base.Popup className={POPUP} {...(finalFocus && { finalFocus })}>{children}</Base.Popup>
          </Base.Positioner>
        </section>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuItem({ onClick, disabled = false, children }: { onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return <Base.Item className={ITEM} onClick={onClick} disabled={disabled}>{children}</Base.Item>
}

export function MenuChoice<Value extends string>({ value, onChange, choices }: {
  value: Value
  onChange: (value: Value) => void
  choices: readonly { value: Value; label: ReactNode; about?: ReactNode; disabled?: boolean }[]
}) {
  return (
    <Base.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as Value)}>
      {choices.map((choice) => (
        <Base.RadioItem key={choice.value} value={choice.value} disabled={choice.disabled ?? false} closeOnClick className={ITEM}>
          <span className="min-w-0 grow">
            <span className="block truncate">{choice.label}</span>
            {choice.about && <span className="block text-meta text-dim">{choice.about}</span>}
          </span>
          <Base.RadioItemIndicator className="shrink-0 text-brand"><Check size={14} aria-hidden /></Base.RadioItemIndicator>
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  )
}

export function MenuHeading({ children }: { children: ReactNode }) {
  return <p className="px-2 pt-1.5 pb-1 text-meta text-dim">{children}</p>
}
