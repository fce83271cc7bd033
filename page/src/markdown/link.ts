// Where a link of an agent may lead.

const ALLOWED = new Set(['http:', 'https:', 'mailto:'])

/** The address if it is one to leave by, else null: `javascript:`, `data:` and paths of this server are only shown. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(href)
    return ALLOWED.has(url.protocol) ? url.href : null
  } catch {
    return null
  }
}
