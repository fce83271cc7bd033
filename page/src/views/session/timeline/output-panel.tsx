import { CopyButton } from '@/components/copy-button'
import { Dialog } from '@/components/dialog'

const LINES_PER_PART = 200

/** All of a long output, in a place of its own. Only the parts in sight are laid out. */
export default function OutputPanel({ text, onClose }: { text: string; onClose: () => void }) {
  const lines = text.split('\n')
  const parts = Array.from({ length: Math.ceil(lines.length / LINES_PER_PART) }, (_, part) => lines.slice(part * LINES_PER_PART, (part + 1) * LINES_PER_PART))
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Output, ${lines.length.toLocaleString('en')} lines`} wide>
      <div className="flex justify-end px-2 pt-1"><CopyButton text={text} label="Copy output" /></div>
      <div tabIndex={0} role="region" aria-label="Output" className="overflow-x-auto px-4 pb-4 font-mono text-code">
        {parts.map((part, index) => (
          <pre key={index} className="[contain-intrinsic-height:auto_3800px] [content-visibility:auto]">{part.join('\n')}</pre>
        ))}
      </div>
    </Dialog>
  )
}
