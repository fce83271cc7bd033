import { usePreferences } from '@/app/preferences'
import { type Theme, setTheme, useTheme } from '@/app/theme'
import { Kbd } from '@/components/kbd'
import { Section } from '@/components/section'
import { Segmented } from '@/components/segmented'
import { Switch } from '@/components/switch'

const THEMES: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

export function Appearance() {
  const chosen = useTheme()
  const { letterKeys, set } = usePreferences()
  return (
    <Section id="appearance" title="Appearance and keys" about="Kept in this browser.">
      <div className="divide-y divide-line rounded-card border border-line bg-raise">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-3 py-2.5">
          <span aria-hidden>Theme</span>
          <Segmented label="Theme" value={chosen} onChange={setTheme} segments={THEMES} />
        </div>
        <div className="flex items-center justify-between gap-4 px-3 py-2.5">
          <span>
            Single letters act as keys outside of texts
            <span className="mt-0.5 flex items-center gap-1 text-dim"><Kbd>c</Kbd><Kbd>/</Kbd><Kbd>?</Kbd> and others. Keys with Ctrl or Alt always act.</span>
          </span>
          <span className="touch grid place-items-center"><Switch label="Single letters act as keys" checked={letterKeys} onChange={(checked) => set({ letterKeys: checked })} /></span>
        </div>
      </div>
    </Section>
  )
}
