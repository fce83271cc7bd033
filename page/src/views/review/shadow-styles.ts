// The code viewer puts <style> elements into its shadow trees, which the page's content security policy refuses, and rightly.
// Sheets that a script makes are allowed, so its rules are taken over as such before the first of its elements is made.

import '@pierre/diffs'

const TAG = 'diffs-container'
const ICON = 'diffs-icon-plus'
const sheets = new Map<string, CSSStyleSheet>()

const Container = customElements.get(TAG)
if (Container !== undefined) {
  Container.prototype.attachShadow = function attachShadow(this: HTMLElement, init: ShadowRootInit): ShadowRoot {
    const root = HTMLElement.prototype.attachShadow.call(this, init)
    const adopted = new Map<string, CSSStyleSheet>()
    root.appendChild = <Child extends Node>(child: Child): Child => {
      if (child instanceof HTMLStyleElement) {
        // Some are filled before they are put in, some after.
        if (child.textContent === '') queueMicrotask(() => adopt(root, adopted, child))
        else adopt(root, adopted, child)
      } else {
        if (child instanceof SVGElement) slim(child)
        Node.prototype.appendChild.call(root, child)
      }
      return child
    }
    return root
  }
}

/** Every file in sight gets the whole set of icons, a hundred nodes of which one is drawn. */
function slim(icons: SVGElement): void {
  for (const icon of icons.querySelectorAll('symbol')) if (icon.id !== ICON) icon.remove()
}

/** One sheet of each kind (theme, ours) is in force; the same text is the same sheet in all trees. */
function adopt(root: ShadowRoot, adopted: Map<string, CSSStyleSheet>, style: HTMLStyleElement): void {
  const kind = style.attributes[0]?.name ?? ''
  const sheet = sheetOf(style.textContent)
  const before = adopted.get(kind)
  if (before === sheet) return
  adopted.set(kind, sheet)
  root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((other) => other !== before), sheet]
}

function sheetOf(text: string): CSSStyleSheet {
  let sheet = sheets.get(text)
  if (sheet === undefined) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    sheets.set(text, sheet)
  }
  return sheet
}
