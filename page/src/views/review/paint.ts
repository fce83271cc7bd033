// Puts the author's mark beside each changed line. The viewer draws in a shadow tree, and draws anew what comes into sight.

import type { Gutter } from './gutter'

/** Goes into the shadow tree. The letter is drawn, the name is only heard. */
export const GUTTER_CSS = `
[data-column-number][data-author]::after {
  content: attr(data-author);
  position: absolute;
  left: 6px;
  top: 0;
  font-weight: 600;
  color: var(--author);
}
[data-column-number][data-author]::before { background: var(--author) !important; width: 3px !important; }
[data-column-number][data-author][data-line-type=change-deletion]::before {
  background: repeating-linear-gradient(var(--author) 0 2px, transparent 2px 4px) !important;
}
[data-tone='1'] { --author: var(--rh-agent1); }
[data-tone='2'] { --author: var(--rh-agent2); }
[data-tone='3'] { --author: var(--rh-agent3); }
[data-tone='4'] { --author: var(--rh-agent4); }
[data-tone=you] { --author: var(--rh-dim); }
[data-column-number] { padding-left: 2.5ch; }
[data-author-name] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
[data-separator-content] { font-size: 11px; }
`

const COLUMNS = 'code[data-deletions],code[data-additions]'
const NUMBERS = '[data-column-number][data-line-type=change-addition],[data-column-number][data-line-type=change-deletion]'

export function paint(container: HTMLElement, gutter: Gutter | undefined): void {
  // Each side scrolls by itself, and only what has the focus scrolls by key.
  for (const column of container.shadowRoot?.querySelectorAll<HTMLElement>(COLUMNS) ?? []) column.tabIndex = 0
  for (const cell of container.shadowRoot?.querySelectorAll<HTMLElement>(NUMBERS) ?? []) {
    const side = cell.dataset['lineType'] === 'change-addition' ? 'new' : 'old'
    const mark = gutter?.mark(side, Number(cell.dataset['columnNumber']))
    // Cells are used again for other lines and after another turn.
    if (cell.dataset['author'] === mark?.letter && cell.title === (mark?.words ?? '')) continue
    cell.querySelector('[data-author-name]')?.remove()
    if (mark === undefined) {
      delete cell.dataset['author']
      cell.removeAttribute('title')
      continue
    }
    cell.dataset['author'] = mark.letter
    cell.dataset['tone'] = String(mark.tone)
    cell.title = mark.words
    const name = document.createElement('span')
    name.dataset['authorName'] = ''
    name.textContent = `, ${mark.words}`
    cell.append(name)
  }
}
