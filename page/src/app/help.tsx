import { Dialog } from '@/components/dialog'
import { Kbd } from '@/components/kbd'
import { type Shortcut, shown, useAllShortcuts } from './keyboard'

/** Every key that acts where one is now. */
export default function Help({ onClose }: { onClose: () => void }) {
  const shortcuts = useAllShortcuts().filter((shortcut) => !shortcut.unlisted)
  const groups = Map.groupBy(shortcuts, (shortcut) => shortcut.group)
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Keys">
      <div className="grid gap-x-8 gap-y-4 p-4 sm:grid-cols-2">
        {[...groups].map(([group, found]) => <Group key={group} name={group} shortcuts={found} />)}
      </div>
    </Dialog>
  )
}

function Group({ name, shortcuts }: { name: string; shortcuts: readonly Shortcut[] }) {
  return (
    <section>
      <h3 className="mb-1 text-meta text-dim">{name}</h3>
      <dl>
        {shortcuts.map((shortcut) => (
          <div key={shortcut.keys} className="flex items-baseline justify-between gap-4 py-1">
            <dt>{shortcut.what}</dt>
            <dd className="flex shrink-0 gap-1">{shown(shortcut.keys).map((press, index) => <Kbd key={index}>{press}</Kbd>)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
