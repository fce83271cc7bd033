import { BookOpen, Check } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { Ring } from '@/components/ring'
import type { Tool } from '@/timeline/model'
import { useShown } from '../session-context'
import { Disclosure } from './disclosure'
import { ToolRow } from './tool-row'
import { toolWords } from './tool-words'

/** A run of looks around, in one line. */
export function LooksRow({ itemIds }: { itemIds: readonly string[] }) {
  const tools = useTools(itemIds)
  const { worktree_path: root } = useShown().session
  const failed = tools.filter((tool) => tool.status === 'failed').length
  const running = tools.some((tool) => tool.endedAt === null)
  const names = tools.map((tool) => toolWords(tool, root).object.split('/').at(-1)).join(', ')
  const summary = (
    <>
      <BookOpen size={15} aria-hidden className="shrink-0 text-dim" />
      <span className="shrink-0">Looked at {tools.length} things</span>
      <span className="truncate font-mono text-code text-dim">{names}</span>
    </>
  )
  const side = (
    <>
      {failed > 0 && <span className="text-fail">{failed} failed</span>}
      {running ? <Ring /> : <Check size={14} aria-label="done" />}
    </>
  )
  return (
    <div className="py-0.5">
      <Disclosure edge={running ? 'run' : 'none'} summary={summary} side={side}>
        {tools.map((tool) => <ToolRow key={tool.id} tool={tool} />)}
      </Disclosure>
    </div>
  )
}

function useTools(ids: readonly string[]): Tool[] {
  const { store } = useShown().feed
  // What changes is told by the identity of the items; a text of it is the same until one does.
  const version = useSyncExternalStore(
    (listener) => {
      const stops = ids.map((id) => store.listenItem(id, listener))
      return () => stops.forEach((stop) => stop())
    },
    () => ids.map((id) => statusOf(store.item(id))).join(),
  )
  return version === '' ? [] : ids.map((id) => store.item(id)).filter((item): item is Tool => item?.kind === 'tool')
}

function statusOf(item: ReturnType<ReturnType<typeof useShown>['feed']['store']['item']>): string {
  return item?.kind === 'tool' ? `${item.status}:${item.content.length}:${item.title}` : ''
}
