import { Check, CornerUpLeft, GitCommitHorizontal, type LucideIcon, MessageSquareQuote, Puzzle } from 'lucide-react'
import type { Note, NoteEvent } from '@/timeline/model'
import { Disclosure } from './disclosure'
import { Output } from './output'

/** Something that happened beside the talk: a review, an apply, a rewind, git, a hand-over, something unknown. */
export function NoteRow({ note }: { note: Note }) {
  const { icon: Icon, text, more } = wordsOf(note.event)
  const summary = (
    <>
      <Icon size={15} aria-hidden className="shrink-0 text-dim" />
      <span className="truncate text-dim">{text}</span>
    </>
  )
  return <div className="py-0.5"><Disclosure summary={summary}>{more && <Output text={more} />}</Disclosure></div>
}

interface Words {
  readonly icon: LucideIcon
  readonly text: string
  readonly more?: string
}

function wordsOf(event: NoteEvent): Words {
  switch (event.type) {
    case 'handover': return { icon: MessageSquareQuote, text: 'Told what happened while it was away', more: event.text }
    case 'reviewed': return { icon: Check, text: `You ${event.verdict === 'undone' ? 'took back a verdict on' : event.verdict} ${files(event.files.length)}`, more: event.files.join('\n') }
    case 'applied': return { icon: Check, text: `${event.undone ? 'Took back from' : 'Applied to'} your checkout: ${files(event.files.length)}`, more: event.files.map((file) => file.path).join('\n') }
    case 'committed': return { icon: GitCommitHorizontal, text: `Committed ${event.commit.slice(0, 8)} on ${event.branch}: ${event.message.split('\n')[0]}` }
    case 'rewound': return { icon: CornerUpLeft, text: `Files taken back${event.title ? ` to “${event.title}”` : ''}`, more: (event.files ?? []).join('\n') }
    case 'repository': return { icon: GitCommitHorizontal, text: event.actions.map((action) => action.message || action.action).join(' · '), more: event.branch ? `now on ${event.branch}` : '' }
    case 'raw': return { icon: Puzzle, text: `${event.source} sent something this page does not know`, more: JSON.stringify(event.value, null, 2) }
  }
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}
