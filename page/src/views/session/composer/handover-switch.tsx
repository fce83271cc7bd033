import type { Past } from './use-past'

/** After a switch of agents: whether the next one is told what it missed. */
export function HandoverSwitch({ agent, past, value, onChange }: { agent: string; past: Past; value: boolean; onChange: (value: boolean) => void }) {
  const { turns, files } = past.missed
  if (turns === 0) return null
  const amount = `${counted(turns, 'turn')}${files > 0 ? `, ${counted(files, 'file')}` : ''}`
  return (
    <label className="touch flex w-fit cursor-pointer items-center gap-2 px-3.5 pt-2 text-meta text-dim">
      <input type="checkbox" className="accent-brand" checked={value} onChange={(event) => onChange(event.target.checked)} />
      Include what happened {past.known ? `since ${agent} last looked` : `before ${agent} came`} ({amount})
    </label>
  )
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
