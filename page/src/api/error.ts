// A refusal of the server, with what it says can be done about it.

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | null
  readonly remedy: string | null

  constructor(status: number, body: unknown) {
    const said = (body as { error?: Record<string, string> } | null)?.error
    super(said?.['message'] ?? `The server answered with ${status}.`)
    this.name = 'ApiError'
    this.status = status
    this.code = said?.['code'] ?? 'unknown'
    this.field = said?.['field'] ?? null
    this.remedy = said?.['remedy'] ?? null
  }
}

/** One sentence or two for a person, from whatever was thrown. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) return error.remedy ? `${error.message} ${error.remedy}` : error.message
  // `fetch` fails with a TypeError whose words differ from browser to browser.
  if (error instanceof TypeError) return 'The server cannot be reached.'
  return error instanceof Error ? error.message : String(error)
}
