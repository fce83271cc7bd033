import { X } from 'lucide-react'
import { Button, IconButton } from '@/components/button'
import { useToasts } from './toasts'

export function ToastList() {
  const { shown, drop } = useToasts()
  return (
    <section aria-label="Messages" className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2">
      {shown.map((toast) => (
        <div
          key={toast.id}
          role={toast.failed ? 'alert' : 'status'}
          className={`pointer-events-auto flex items-start gap-2 rounded-card border bg-raise p-2 pl-3 shadow-pop ${toast.failed ? 'border-fail' : 'border-line2'}`}
        >
          <p className={`min-w-0 grow py-1 break-words ${toast.failed ? 'text-fail' : ''}`}>{toast.text}</p>
          {toast.action && <Button onClick={() => { toast.action?.run(); drop(toast.id) }}>{toast.action.label}</Button>}
          <IconButton label="Dismiss" onClick={() => drop(toast.id)}><X size={14} aria-hidden /></IconButton>
        </div>
      ))}
    </section>
  )
}
