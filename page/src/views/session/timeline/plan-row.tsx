import { Check, Circle, CircleDot, ListChecks } from 'lucide-react'
import type { Plan } from '@/timeline/model'
import { Disclosure } from './disclosure'

export function PlanRow({ plan }: { plan: Plan }) {
  const done = plan.entries.filter((entry) => entry.status === 'completed').length
  const now = plan.entries.find((entry) => entry.status === 'in_progress')
  const summary = (
    <>
      <ListChecks size={15} aria-hidden className="shrink-0 text-dim" />
      <span className="shrink-0">Plan</span>
      <span className="truncate text-dim">{now?.content ?? (done === plan.entries.length ? 'all done' : '')}</span>
    </>
  )
  return (
    <div className="py-0.5">
      <Disclosure summary={summary} side={<span className="tabular">{done}/{plan.entries.length}</span>}>
        <ol className="space-y-1 text-talk">
          {plan.entries.map((entry, index) => (
            <li key={index} className={`flex items-start gap-2 ${entry.status === 'completed' ? 'text-dim' : ''}`}>
              <span className="pt-1"><EntryMark status={entry.status ?? 'pending'} /></span>
              {entry.content}
            </li>
          ))}
        </ol>
      </Disclosure>
    </div>
  )
}

function EntryMark({ status }: { status: string }) {
  if (status === 'completed') return <Check size={14} className="text-ok" aria-label="done" />
  if (status === 'in_progress') return <CircleDot size={14} className="text-run" aria-label="in progress" />
  return <Circle size={14} className="text-dim" aria-label="to do" />
}
