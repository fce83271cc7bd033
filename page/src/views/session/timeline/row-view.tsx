import { Suspense, lazy, memo } from 'react'
import type { Row } from '@/timeline/rows'
import { useItem } from '../session-context'
import { AskRow } from './ask-row'
import { FooterRow } from './footer-row'
import { LooksRow } from './looks-row'
import { PromptRow } from './prompt-row'
import { ReasoningRow } from './reasoning-row'
import { StepsRow } from './steps-row'
import { TextRow } from './text-row'
import { ToolRow } from './tool-row'

const rare = () => import('./rare-rows')
const CrashRow = lazy(() => rare().then((found) => ({ default: found.CrashRow })))
const NoteRow = lazy(() => rare().then((found) => ({ default: found.NoteRow })))
const PlanRow = lazy(() => rare().then((found) => ({ default: found.PlanRow })))

/** One line of the conversation. It renders again only when what it shows changed. */
export const RowView = memo(function RowView({ row }: { row: Row }) {
  switch (row.kind) {
    case 'prompt': return <PromptRow turnId={row.turnId} />
    case 'footer': return <FooterRow turnId={row.turnId} />
    case 'looks': return <LooksRow itemIds={row.itemIds} />
    case 'steps': return <StepsRow turnId={row.turnId} count={row.itemIds.length} open={row.open} />
    case 'item': return <Suspense fallback={<div className="h-8" />}><ItemView id={row.itemId} turnId={row.turnId} /></Suspense>
  }
})

function ItemView({ id, turnId }: { id: string; turnId: string | null }) {
  const item = useItem(id)
  switch (item?.kind) {
    case undefined: return null
    case 'text': return <TextRow message={item} turnId={turnId} />
    case 'reasoning': return <ReasoningRow message={item} turnId={turnId} />
    case 'tool': return <ToolRow tool={item} />
    case 'plan': return <PlanRow plan={item} />
    case 'ask': return <AskRow ask={item} />
    case 'crash': return <CrashRow crash={item} turnId={turnId} />
    case 'note': return <NoteRow note={item} />
  }
}
