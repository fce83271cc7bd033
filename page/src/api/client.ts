// Calls to the server, typed by its own description. Every call answers with the data, or throws an `ApiError`.

import type { Client } from 'openapi-fetch'
import { ApiError } from './error'
import type { paths } from './schema'

interface Options {
  readonly params?: { readonly path?: Record<string, unknown>; readonly query?: Record<string, unknown> }
  readonly body?: unknown
  readonly signal?: AbortSignal
}

// What openapi-fetch does at run time is 2 KB for cases that this interface does not have; its types are what is wanted.
export const http = Object.fromEntries(
  ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, (path: string, options?: Options) => send(method, path, options)]),
) as unknown as Client<paths>

async function send(method: string, path: string, { params, body, signal }: Options = {}) {
  const response = await fetch(addressOf(path, params), {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    ...(signal !== undefined && { signal }),
  })
  const text = await response.text()
  if (response.ok) return { data: text === '' ? undefined : JSON.parse(text), response }
  return { error: parsed(text), response }
}

/** The address with its `{parts}` filled in. Where a value is a list, its name comes once for each. */
export function addressOf(path: string, params: Options['params']): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params?.path?.[name])))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params?.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) if (one != null) query.append(name, String(one))
  }
  return query.size === 0 ? filled : `${filled}?${query}`
}

/** What a server in trouble, or something before it, answers with may be no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** `await call(http.GET('/api/health'))` */
export async function call<Data>(request: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await request
  if (!response.ok) throw new ApiError(response.status, error)
  return data as Data
}
