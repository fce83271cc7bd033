import { useQuery } from '@tanstack/react-query'
import { RotateCcw } from 'lucide-react'
import { Link } from '@/app/routing'
import { Button, buttonClass } from '@/components/button'
import { Kbd } from '@/components/kbd'
import { ago } from '@/components/time'
import { remedyOf } from '@/views/session/timeline/failure'
import { failureTitle } from './ending'
import { EntryFrame, type EntryProps } from './entry-frame'
import { endingQuery } from './queries'
import { useTryAgain } from './requests'
import { useEntryKeys } from './use-inbox-keys'

/** A turn that failed, and what can be done about it. */
export function FailedEntry(props: EntryProps<'failed'>) {
  const { entry, current, offline, now } = props
  const { session } = entry
  const { data: ending } = useQuery(endingQuery(session))
  const again = useTryAgain(session)
  const held = session.hold_reason !== null
  const can = !offline && !again.isPending && (held || (ending?.taskId ?? null) !== null)
  const run = () => can && again.mutate(ending?.taskId ?? null)
  useEntryKeys('r', held ? 'Let the queue go on' : 'Send the failed prompt again', run, current)
  return (
    <EntryFrame {...props} title={failureTitle(ending, session.agents.at(-1))} time={ago(entry.at, now)}>
      <div className="space-y-1">
        {ending?.error && <p className="line-clamp-3 font-mono text-code break-words text-fail">{ending.error}</p>}
        <p className="text-dim">{held ? 'What waits in the queue is held behind it. “Resume” lets it go on.' : ending && remedyOf(ending)}</p>
      </div>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button disabled={!can} onClick={run}>
          <RotateCcw size={13} aria-hidden />{held ? 'Resume' : 'Send again'}{current && <Kbd>r</Kbd>}
        </Button>
        <Link to="/sessions/$sessionId" params={{ sessionId: session.id }} className={buttonClass('quiet')}>Show</Link>
      </div>
    </EntryFrame>
  )
}
