// Answering with the digits.

import { useEffect, useRef } from 'react'
import { isTyping } from '@/app/keyboard'
import { usePreferences } from '@/app/preferences'

/** A digit that was meant for the text must not approve a command: keys wait until the question was seen. */
const GUARD = 400

/** The digits choose while no text is being written; with Alt always. Turned on, they wait a moment each time. */
export function useDigits(choices: readonly { run: () => void }[], off: boolean): void {
  const letterKeys = usePreferences((preferences) => preferences.letterKeys)
  const appeared = useRef(0)
  useEffect(() => {
    if (!off) appeared.current = performance.now()
  }, [off])
  useEffect(() => {
    if (off) return
    const onKey = (event: KeyboardEvent) => {
      const digit = Number(event.code.startsWith('Digit') ? event.code.slice(5) : Number.NaN)
      const choice = choices[digit - 1]
      if (choice === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return
      const target = event.target
      const empty = target instanceof HTMLTextAreaElement && target.value === ''
      if (!event.altKey && (!letterKeys || (isTyping(target) && !empty))) return
      // What is in front of the page has the keys.
      if (document.querySelector('[role=dialog],[role=menu]')) return
      if (performance.now() - appeared.current < GUARD) return
      event.preventDefault()
      event.stopImmediatePropagation()
      choice.run()
    }
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  }, [choices, off, letterKeys])
}
