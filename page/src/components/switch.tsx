import { Switch as Base } from '@base-ui/react/switch'

export function Switch({ checked, onChange, label, disabled = false }: {
  checked: boolean
  onChange: (checked: boolean) => void
  label: string
  disabled?: boolean
}) {
  return (
    <Base.Root
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      aria-label={label}
      className="flex h-5 w-9 shrink-0 cursor-pointer rounded-full border border-line2 bg-panel p-px transition-colors data-checked:border-brand data-checked:bg-brand data-disabled:opacity-50"
    >
      <Base.Thumb className="size-4 rounded-full bg-dim transition-transform data-checked:translate-x-4 data-checked:bg-onbrand" />
    </Base.Root>
  )
}
