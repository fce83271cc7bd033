import { useState } from 'react'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import type { Target } from './choice'
import { authorName } from './author'
import { PERSON, filterWords, isWhole } from './filter'
import { counted } from './letters'
import { RadioList } from './radio-list'
import { useReview } from './review-context'
import type { AgentShare } from './shapes'

/** Rejects a lot at once, so it says what that means first. */
export function DiscardDialog({ shares, complete, onClose }: { shares: readonly AgentShare[]; complete: boolean; onClose: () => void }) {
  const { files, filter, verdicts, turnNumber, busy } = useReview()
  const whole = isWhole(filter)
  const [chosen, setChosen] = useState(whole ? 'all' : 'shown')
  const target: Target =
    chosen === 'all' ? { kind: 'all' } : chosen === 'shown' ? { kind: 'shown', files } : { kind: 'author', agent: chosen.slice(1) }
  const discard = () => {
    void verdicts.give('reject', target)
    onClose()
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Discard changes">
      <div className="space-y-3 p-4">
        <p>The worktree goes back to what was accepted. Nothing is lost for good: there is a checkpoint of it, and Undo takes it back.</p>
        <RadioList
          label="What to discard" value={chosen} onChange={setChosen}
          choices={[
            ...(whole ? [] : [{ value: 'shown', label: `What is shown: ${counted(files.length, 'file')} ${filterWords(filter, turnNumber)}`, disabled: !complete }]),
            { value: 'all', label: 'Everything that is not accepted' },
            ...(shares.length > 1 ? shares.map((share) => ({ value: `:${share.name ?? PERSON}`, label: `Only what ${authorName(share.name)} wrote` })) : []),
          ]}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="danger" disabled={busy !== null} onClick={discard}>Discard</Button>
        </div>
      </div>
    </Dialog>
  )
}
