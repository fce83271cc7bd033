import { Ellipsis, X } from 'lucide-react'
import { useStore } from 'zustand'
import { timeOfDay } from '@/components/time'
import { IconButton, buttonClass } from '@/components/button'
import { Menu, MenuItem } from '@/components/menu'
import { useLine } from '@/app/reconnect-bar'
import { useMedia } from '@/views/session/use-media'
import { AttributionBar } from './attribution-bar'
import { AgentMenu, SpanMenu } from './filter-menus'
import { counted } from './letters'
import { useReview } from './review-context'
import { foldAll } from './review-store'
import type { ChangeSet } from './shapes'

/** From here on the conversation, which has the heading of the view, stands beside the panel. */
const WIDE = '(min-width: 68.75rem)'

interface PanelHeadProps {
  totals: ChangeSet['totals'] | null
  /** When what is shown was read. */
  readAt: number
  onUndoApply: () => void
  onClose: () => void
}

export function PanelHead({ totals, readAt, onUndoApply, onClose }: PanelHeadProps) {
  const { session, files, base, comments } = useReview()
  const wide = useMedia(WIDE)
  const line = useLine()
  const lost = line.state === 'lost' && line.attempts > 1
  const seen = files.filter((file) => file.seen).length
  const viewed = totals === null || totals.files === 0 ? '' : `${seen} of ${counted(totals.files, 'file')} viewed`
  return (
    <header className="shrink-0 border-b border-line">
      {!wide && <h1 className="sr-only">{session.title}</h1>}
      <div className="flex min-h-12 flex-wrap items-center gap-x-1.5 pr-2 pl-4">
        <h2 className="shrink-0 text-talk font-semibold">Changes</h2>
        <span className="min-w-0 grow basis-0 truncate text-meta text-dim" title={`against ${base}`}>
          {lost ? `as of ${timeOfDay(readAt)}, not connected` : `against ${base}`}
        </span>
        <span className="flex items-center gap-1.5 @max-md:order-last @max-md:basis-full @max-md:pb-2">
          <AgentMenu />
          <SpanMenu />
        </span>
        <MoreMenu onUndoApply={onUndoApply} gone={comments.length} />
        <IconButton label="Close the changes" onClick={onClose}><X size={16} aria-hidden /></IconButton>
      </div>
      {totals !== null && totals.files > 0 && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 pb-2 @max-md:pb-1">
          <AttributionBar shares={totals.agents} />
          <span className="ml-auto text-meta whitespace-nowrap text-dim">{viewed}</span>
        </div>
      )}
    </header>
  )
}

function MoreMenu({ onUndoApply, gone }: { onUndoApply: () => void; gone: number }) {
  const { store, files, verdicts, blocked } = useReview()
  const split = useStore(store, (state) => state.split)
  const wrap = useStore(store, (state) => state.wrap)
  const paths = files.map((file) => file.path)
  return (
    <Menu label="More" className={buttonClass('quiet', true)} trigger={<Ellipsis size={16} aria-hidden />}>
      <MenuItem onClick={() => store.setState({ split: !split })}>{split ? 'One column' : 'Side by side'}</MenuItem>
      <MenuItem onClick={() => store.setState({ wrap: !wrap })}>{wrap ? 'Long lines run on' : 'Wrap long lines'}</MenuItem>
      <MenuItem onClick={() => foldAll(store, paths, false)}>Unfold all files</MenuItem>
      <MenuItem onClick={() => foldAll(store, paths, true)}>Fold all files</MenuItem>
      <MenuItem onClick={() => store.setState({ finding: true })}>Find in the changes</MenuItem>
      {gone > 0 && <MenuItem onClick={() => store.setState({ dialog: 'comments' })}>All comments…</MenuItem>}
      <MenuItem onClick={() => void verdicts.undo()} disabled={blocked !== null}>Undo the last accept or reject</MenuItem>
      <MenuItem onClick={onUndoApply} disabled={blocked !== null}>Undo the last apply</MenuItem>
      <MenuItem onClick={() => store.setState({ dialog: 'checkpoints' })}>Checkpoints…</MenuItem>
    </Menu>
  )
}
