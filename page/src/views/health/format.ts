// Amounts of the health view in words.

const CENT = 0.01

/** `$6.12`, `under $0.01`; `–` where no agent says. */
export function money(usd: number | null): string {
  if (usd === null) return '–'
  if (usd > 0 && usd < CENT) return 'under $0.01'
  return `$${usd.toFixed(2)}`
}

/** `24 Nov` of `2026-11-24`. */
export function dayName(key: string): string {
  return new Date(`${key}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
}
