import { useQuery } from '@tanstack/react-query'
import { navigate } from '@/app/routing'
import { Button } from '@/components/button'
import { Kbd } from '@/components/kbd'
import { Lines } from '@/components/lines'
import { ago } from '@/components/time'
import { finishTitle } from './ending'
import { EntryFrame, type EntryProps } from './entry-frame'
import { endingQuery } from './queries'
import { useMarkRead } from './requests'
import { useEntryKeys } from './use-inbox-keys'

/** A turn that ended well and was not looked at yet. */
export function FinishedEntry(props: EntryProps<'finished'>) {
  const { entry, current, offline, now } = props
  const { session } = entry
  const { data: ending } = useQuery(endingQuery(session))
  const read = useMarkRead(session)
  const changed = session.additions + session.deletions > 0
  const markRead = () => !offline && !read.isPending && read.mutate()
  const review = () => navigate({ to: '/sessions/$sessionId', params: { sessionId: session.id }, ...(changed && { search: { changes: 'shown' } }) })
  useEntryKeys('e', 'Mark as read', markRead, current)
  useEntryKeys('v', changed ? 'Review' : 'Show', review, current)
  return (
    <EntryFrame {...props} title={finishTitle(ending, session.agents.at(-1))} time={ago(entry.at, now)}>
      <div className="flex flex-wrap gap-2">
        <Button onClick={review}>
          {changed ? <>Review <Lines additions={session.additions} deletions={session.deletions} /></> : 'Show'}{current && <Kbd>v</Kbd>}
        </Button>
        <Button look="quiet" disabled={offline || read.isPending} onClick={markRead}>Mark read{current && <Kbd>e</Kbd>}</Button>
      </div>
    </EntryFrame>
  )
}
