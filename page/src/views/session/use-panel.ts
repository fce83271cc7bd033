import { useMemo } from 'react'
import { type Shortcut, useShortcuts } from '@/app/keyboard'
import { usePreferences } from '@/app/preferences'
import { navigate, sessionSearch, useSessionSearch } from '@/app/routing'
import { useMedia } from './use-media'

const WIDE = '(min-width: 68.75rem)'

interface Panel {
  /** Whether it has a place beside the conversation; else it takes the conversation's. */
  readonly beside: boolean
  readonly open: boolean
  readonly toggle: () => void
}

/** Where the changes are shown: the address says it, else what was chosen last. */
export function usePanel(sessionId: string): Panel {
  const wide = useMedia(WIDE)
  const { changes } = useSessionSearch()
  const { panelOpen, panelFull, set } = usePreferences()
  const open = changes === undefined ? wide && panelOpen : changes === 'shown'
  const beside = wide && !(open && panelFull)
  const panel = useMemo(() => {
    const show = (shown: boolean) => {
      if (wide) set({ panelOpen: shown })
      navigate({
        to: '/sessions/$sessionId', params: { sessionId }, replace: true,
        search: { ...sessionSearch(location.search), changes: shown ? 'shown' : 'hidden' },
      })
    }
    return {
      toggle: () => show(!open),
      full: () => {
        set({ panelFull: !(open && panelFull) })
        show(true)
      },
    }
  }, [open, panelFull, sessionId, set, wide])
  const shortcuts = useMemo<Shortcut[]>(() => [
    { keys: ']', what: 'Show or hide the changes', group: 'Changes', run: panel.toggle },
    { keys: 'Shift+BracketRight', what: 'The changes over the full width', group: 'Changes', run: panel.full },
  ], [panel])
  useShortcuts(shortcuts)
  return { beside, open, toggle: panel.toggle }
}
