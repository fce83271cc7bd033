import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { IconButton } from '@/components/button'
import { type Hit, find } from './find'
import { useReview } from './review-context'
import { fold } from './review-store'

export function FindBar({ onHit, complete }: { onHit: (hit: Hit) => void; complete: boolean }) {
  const { files, store } = useReview()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const hits = useMemo(() => find(files, text), [files, text])
  const go = (to: number) => {
    const wrapped = hits.length === 0 ? 0 : (to + hits.length) % hits.length
    setAt(wrapped)
    const hit = hits[wrapped]
    if (hit === undefined) return
    fold(store, hit.path, false)
    onHit(hit)
  }
  const close = () => store.setState({ finding: false })
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
    else if (event.key === 'Enter') go(at + (event.shiftKey ? -1 : 1))
    else return
    event.preventDefault()
  }
  const said = text === '' ? '' : hits.length === 0 ? 'nothing found' : `${Math.min(at + 1, hits.length)} of ${hits.length}`
  return (
    <search className="flex shrink-0 items-center gap-1 border-b border-line bg-panel px-3 py-1.5">
      <input
        ref={field} aria-label="Find in the changes" value={text} onKeyDown={onKeyDown} placeholder="Find in the changes"
        onChange={(event) => { setText(event.target.value); setAt(-1) }}
        className="h-8 min-w-0 grow rounded-control border border-line2 bg-raise px-2 placeholder:text-dim"
      />
      <output className="px-1 text-meta whitespace-nowrap text-dim">{said}{text !== '' && !complete && ', in what is loaded'}</output>
      <IconButton label="Previous hit" onClick={() => go(at - 1)}><ChevronUp size={15} aria-hidden /></IconButton>
      <IconButton label="Next hit" onClick={() => go(at + 1)}><ChevronDown size={15} aria-hidden /></IconButton>
      <IconButton label="Close the search" onClick={close}><X size={15} aria-hidden /></IconButton>
    </search>
  )
}
