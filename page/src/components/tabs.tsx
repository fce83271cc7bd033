import { Tabs as Base } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'

interface Tab {
  readonly value: string
  readonly label: ReactNode
  readonly panel: ReactNode
}

export function Tabs({ label, tabs, value, onChange }: {
  label: string
  tabs: readonly Tab[]
  value: string
  onChange: (value: string) => void
}) {
  return (
    <Base.Root value={value} onValueChange={(chosen) => onChange(String(chosen))}>
      <Base.List aria-label={label} className="flex gap-1 border-b border-line">
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className="touch -mb-px cursor-pointer border-b-2 border-transparent px-3 py-2 text-dim hover:text-fg data-active:border-brand data-active:text-fg"
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.value} value={tab.value} className="pt-4">{tab.panel}</Base.Panel>
      ))}
    </Base.Root>
  )
}
