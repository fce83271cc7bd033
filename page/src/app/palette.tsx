import { useQuery } from '@tanstack/react-query'
import { navigate } from './routing'
import { Command } from 'cmdk'
import { useRef } from 'react'
import { projectsQuery, sessionsQuery } from '@/api/queries'
import { Dialog } from '@/components/dialog'
import { SignalMark } from '@/rail/signal-mark'
import { signalOf } from '@/rail/signal'
import { useAllCommands } from './commands'

const ITEM = 'flex cursor-pointer items-center gap-2 rounded-control px-3 py-2 data-[selected=true]:bg-panel'
const GROUP = '[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-meta [&_[cmdk-group-heading]]:text-dim'

/** Everything by name. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { data: sessions = [] } = useQuery(sessionsQuery)
  const { data: projects = [] } = useQuery(projectsQuery)
  const groups = Map.groupBy(useAllCommands(), (command) => command.group)
  const names = new Map(projects.map((project) => [project.id, project.name]))
  const choose = (run: () => void) => () => {
    onClose()
    run()
  }
  const input = useRef<HTMLInputElement>(null)
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Commands and sessions" bare focus={input}>
      <Command label="Commands and sessions" loop>
        <Command.Input ref={input} placeholder="Go to a session, or do something…" className="w-full border-b border-line bg-transparent px-4 py-3 text-talk outline-none" />
        <Command.List className="max-h-[50vh] overflow-y-auto p-1">
          <Command.Empty className="px-3 py-6 text-center text-dim">Nothing is called that.</Command.Empty>
          <Command.Group heading="Sessions" className={GROUP}>
            {sessions.map((session) => (
              <Command.Item
                key={session.id}
                value={`${session.title} ${session.id}`}
                className={ITEM}
                onSelect={choose(() => navigate({ to: '/sessions/$sessionId', params: { sessionId: session.id } }))}
              >
                <SignalMark signal={signalOf(session)} />
                <span className="truncate">{session.title}</span>
                <span className="ml-auto shrink-0 text-meta text-dim">{names.get(session.project_id)}</span>
              </Command.Item>
            ))}
          </Command.Group>
          {[...groups].map(([name, commands]) => (
            <Command.Group key={name} heading={name} className={GROUP}>
              {commands.map((command) => (
                <Command.Item key={command.id} value={`${command.label} ${command.id}`} className={ITEM} onSelect={choose(command.run)}>
                  {command.label}
                </Command.Item>
              ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  )
}
