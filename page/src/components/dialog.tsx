import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode, RefObject } from 'react'
import { buttonClass } from './button'

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** Hides the heading where the content says it: the palette. */
  bare?: boolean
  /** As wide as the window allows: for output and code. */
  wide?: boolean
  /** What gets the focus; the first control otherwise. */
  focus?: RefObject<HTMLElement | null>
  children: ReactNode
}

export function Dialog({ open, onOpenChange, title, bare = false, wide = false, focus, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/40 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Popup {...(focus && { initialFocus: focus })} className={`fixed left-1/2 z-50 flex -translate-x-1/2 ${wide ? 'top-[5vh] max-h-[90vh] w-[min(72rem,calc(100vw-2rem))]' : 'top-[12vh] max-h-[76vh] w-[min(36rem,calc(100vw-2rem))]'} flex-col overflow-hidden rounded-composer border border-line2 bg-raise shadow-pop transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0`}>
          <div className={bare ? 'sr-only' : 'flex items-center justify-between border-b border-line py-2 pr-2 pl-4'}>
            <Base.Title className="text-talk font-semibold">{title}</Base.Title>
            <Base.Close aria-label="Close" className={buttonClass('quiet', true)}><X size={16} aria-hidden /></Base.Close>
          </div>
          <div className="min-h-0 overflow-y-auto">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
