import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { explain } from '@/api/error'
import { keys } from '@/api/keys'
import { announce } from '@/app/announcer'
import { toast, toastError } from '@/app/toasts'
import { type Target, choiceOf, targetWords } from './choice'
import type { Filter } from './filter'
import { holdFocus } from './focus'
import { counted } from './letters'
import { accept, markSeen, reject, undoVerdict } from './requests'

export type Verb = 'accept' | 'reject' | 'seen'

export interface Verdicts {
  readonly give: (verb: Verb, target: Target) => Promise<void>
  readonly undo: () => Promise<void>
  /** What is being decided now, as `pendingKey` names it. */
  readonly pending: ReadonlySet<string>
}

const CALLS = { accept, reject, seen: markSeen } as const
const DONE = { accept: 'Accepted', reject: 'Rejected', seen: 'Viewed' } as const

export function pendingKey(target: Target): string {
  if (target.kind === 'hunk') return target.hunk.id
  return target.kind === 'file' ? target.file.path : target.kind
}

/** Everything of the session's changes is read again; what is on the screen stays until the answer is there. */
export function renewChanges(client: QueryClient, sessionId: string): Promise<void> {
  return client.invalidateQueries({ queryKey: keys.changes(sessionId) })
}

/** `seen` is the snapshot whose changes are on the screen: what moved since is not decided over unseen. */
export function useVerdicts(sessionId: string, filter: Filter, seen: string | null): Verdicts {
  const client = useQueryClient()
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set())
  return useMemo(() => {
    const undo = async () => {
      try {
        const { undone, files } = await undoVerdict(sessionId)
        toast(`Took the last ${undone ?? 'verdict'} back: ${counted(files.length, 'file')}.`)
      } catch (error) {
        toastError(error)
      }
      await renewChanges(client, sessionId)
    }
    const give = async (verb: Verb, target: Target) => {
      const choice = choiceOf(target, filter)
      if (Object.keys(choice).length === 0) return
      const key = pendingKey(target)
      const refocus = holdFocus()
      setPending((before) => new Set(before).add(key))
      try {
        const asSeen = target.kind === 'hunk' || seen === null ? choice : { ...choice, head: seen }
        const said = await CALLS[verb](sessionId, asSeen)
        if (verb === 'seen') announce(`${targetWords(target)}: viewed.`)
        else tell(verb, target, 'mixed' in said ? said.mixed.length : 0, undo)
      } catch (error) {
        toast(`${DONE[verb]} nothing. ${explain(error)}`, { failed: true })
      }
      // A refusal mostly means that the list is old, so it is read again then, too.
      await renewChanges(client, sessionId)
      setPending((before) => new Set([...before].filter((other) => other !== key)))
      requestAnimationFrame(refocus)
    }
    return { give, undo, pending }
  }, [client, filter, pending, seen, sessionId])
}

function tell(verb: 'accept' | 'reject', target: Target, mixed: number, undo: () => Promise<void>): void {
  const rest = mixed > 0 ? ` ${counted(mixed, 'part')} stayed, because others wrote there too.` : ''
  toast(`${DONE[verb]} ${targetWords(target)}.${rest}`, { action: { label: 'Undo', run: () => void undo() } })
}

