/** How many lines came and went. */
export function Lines({ additions, deletions }: { additions: number; deletions: number }) {
  if (additions === 0 && deletions === 0) return null
  return (
    <span className="tabular font-mono text-code whitespace-nowrap">
      <span className="text-add" aria-label={`${additions} lines added`}>+{additions}</span>{' '}
      <span className="text-del" aria-label={`${deletions} lines deleted`}>−{deletions}</span>
    </span>
  )
}
