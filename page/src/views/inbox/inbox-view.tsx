import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { inboxQuery } from '@/api/queries'
import { ViewHeader } from '@/app/view-header'
import { Empty } from '@/components/empty'
import { Notice } from '@/components/notice'
import { Skeleton } from '@/components/skeleton'
import { ago, useNow } from '@/components/time'
import { explain } from '@/api/error'
import { signal } from '@/rail/signal'
import { SignalMark } from '@/rail/signal-mark'

const MINUTE = 60_000

export function InboxView() {
  const inbox = useQuery(inboxQuery)
  const now = useNow(MINUTE)
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Inbox" />
      <div className="min-h-0 grow overflow-y-auto p-4">
        {inbox.isPending && <Skeleton rows={4} label="Loading the inbox" />}
        {inbox.isError && <Notice tone="fail" title="The inbox could not be read">{explain(inbox.error)}</Notice>}
        {inbox.data?.length === 0 && <Empty title="Nothing waits for you">Questions of agents and turns that failed come here.</Empty>}
        <ul className="mx-auto max-w-3xl">
          {inbox.data?.map((item) => (
            <li key={item.permission?.id ?? item.session_id} className="border-b border-line">
              <Link to="/sessions/$sessionId" params={{ sessionId: item.session_id }} className="flex items-center gap-3 rounded-control px-2 py-3 hover:bg-panel">
                <SignalMark signal={signal(item.kind === 'permission' ? 'waiting' : 'failed')} />
                <span className="min-w-0 grow truncate text-talk">
                  {item.permission ? `${item.permission.agent} asks: ${item.title}` : item.title}
                </span>
                <span className="text-meta text-dim">{ago(Date.parse(item.at), now)}</span>
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}
