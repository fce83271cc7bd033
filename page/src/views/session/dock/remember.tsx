import { ChevronDown } from 'lucide-react'
import { buttonClass } from '@/components/button'
import { Menu, MenuChoice } from '@/components/menu'

export type Remembered = 'no' | 'session' | 'project'

const CHOICES: readonly { value: Remembered; label: string; about: string }[] = [
  { value: 'no', label: 'Remember: no', about: 'The next one asks again' },
  { value: 'session', label: 'Remember: in this session', about: 'The same is decided alike until it ends' },
  { value: 'project', label: 'Remember: in this project', about: 'For all its sessions; Settings list the rules' },
]

/** Whether an answer becomes a rule, and where it holds. */
export function Remember({ value, onChange, disabled }: { value: Remembered; onChange: (value: Remembered) => void; disabled: boolean }) {
  const label = CHOICES.find((choice) => choice.value === value)?.label ?? ''
  return (
    <Menu className={buttonClass('quiet')} disabled={disabled} trigger={<>{label}<ChevronDown size={12} aria-hidden /></>}>
      <MenuChoice value={value} onChange={onChange} choices={CHOICES} />
    </Menu>
  )
}
