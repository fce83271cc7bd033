import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useRows, useSessionState, useShown } from '@/views/session/session-context'
import { renewChanges } from './use-verdicts'

const NEWS = new Set(['reviewed', 'applied', 'committed', 'rewound', 'repository'])

/** Reads the changes again when the session says that they moved: by a turn's end, or by another window. */
export function useNews(): void {
  const { session, feed } = useShown()
  const client = useQueryClient()
  const rows = useRows()
  const { last } = useSessionState()
  const note = rows.findLast((row) => {
    const item = row.kind === 'item' ? feed.store.item(row.itemId) : undefined
    return item?.kind === 'note' && NEWS.has(item.event.type)
  })
  const mark = `${note?.key ?? ''}|${last?.id ?? ''}|${last?.changes?.length ?? ''}`
  const seen = useRef(mark)
  useEffect(() => {
    if (seen.current === mark) return
    seen.current = mark
    void renewChanges(client, session.id)
  }, [client, mark, session.id])
}
