import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from './button'

const SAID_FOR = 1500

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    // There is no clipboard on a plain http address of another machine.
    await navigator.clipboard?.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), SAID_FOR)
  }
  return (
    <IconButton label={done ? 'Copied' : label} onClick={() => void copy()}>
      {done ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
    </IconButton>
  )
}
