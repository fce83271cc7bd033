import { Unplug } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { Button } from '@/components/button'
import { timeOfDay } from '@/components/time'
import type { LineStatus } from '@/live/status'
import { announce } from './announcer'
import { socket } from './runtime'

/** How the line to the server is. */
export function useLine(): LineStatus {
  return useSyncExternalStore(socket.line.listen, socket.line.get)
}

/** Says that the server is away. A moment's loss is not worth a word: the socket is back within the second. */
export function ReconnectBar() {
  const line = useLine()
  const lost = line.state === 'lost' && line.attempts > 1
  useEffect(() => {
    if (!lost) return
    announce('Connection lost. Trying again.')
    return () => announce('Connected again.')
  }, [lost])
  if (!lost) return null
  return (
    <div className="flex items-center gap-2 border-b border-need/40 bg-needbg px-4 py-1.5 text-need">
      <Unplug size={14} aria-hidden className="shrink-0" />
      <p className="min-w-0 grow">Connection lost. Trying again. What you see is from {timeOfDay(line.since)}.</p>
      <Button onClick={() => socket.retry()}>Retry now</Button>
    </div>
  )
}
