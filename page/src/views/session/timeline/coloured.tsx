import Anser from 'anser'

// The palette's own names; Anser's numbers would be somebody else's colours.
const COLOURS: Record<string, string> = {
  'ansi-red': 'text-del', 'ansi-bright-red': 'text-del', 'ansi-green': 'text-add', 'ansi-bright-green': 'text-add',
  'ansi-yellow': 'text-need', 'ansi-bright-yellow': 'text-need', 'ansi-blue': 'text-run', 'ansi-bright-blue': 'text-run',
  'ansi-cyan': 'text-run', 'ansi-bright-cyan': 'text-run', 'ansi-magenta': 'text-agent4', 'ansi-bright-magenta': 'text-agent4',
}

/** What a terminal would show, in the page's colours. */
export default function Coloured({ text }: { text: string }) {
  return Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map((part, index) => (
    <span key={index} className={`${COLOURS[part.fg ?? ''] ?? ''} ${part.decorations.includes('bold') ? 'font-semibold' : ''}`}>{part.content}</span>
  ))
}
