// Calls to the server, typed by its own description. Every call answers with the data, or throws an `ApiError`.

import createClient from 'openapi-fetch'
import { ApiError } from './error'
import type { paths } from './schema'

export const http = createClient<paths>({ baseUrl: '' })

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
