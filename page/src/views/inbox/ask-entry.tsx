import { clock } from '@/components/time'
import { AskDetail } from '@/views/session/dock/ask-detail'
import { AskOptions } from '@/views/session/dock/ask-options'
import { askedOf, headline } from '@/views/session/dock/asked'
import { QuestionForm } from '@/views/session/dock/question-form'
import { EntryFrame, type EntryProps } from './entry-frame'

const SOON = 5 * 60_000

/** What an agent asks, answered in place. Its turn stands still until then. */
export function AskEntry(props: EntryProps<'ask'>) {
  const { entry, offline, current, now } = props
  const ask = askedOf(entry.permission)
  const left = Date.parse(entry.permission.expires_at) - now
  const answers = ask.question && ask.questions.length > 0
  return (
    <EntryFrame
      {...props} title={answers ? headline(ask) : titleOf(ask.agent, ask.title, headline(ask))}
      time={<><span className="sr-only">waiting </span>{clock(now - entry.at)}{left < SOON && <span className="block text-need">{clock(left)} left</span>}</>}
    >
      <AskDetail ask={ask} root={entry.session?.worktree_path ?? null} titled={false} />
      {answers ? <QuestionForm ask={ask} disabled={offline} keys={current} /> : <AskOptions ask={ask} disabled={offline} keys={current} />}
    </EntryFrame>
  )
}

function titleOf(agent: string | null, title: string, fallback: string): string {
  return title === '' ? fallback : `${agent ?? 'The agent'} asks: ${title}`
}
