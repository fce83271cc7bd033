// How the line to the server is, for the whole tab.

import { Subject } from './subject'

export type LineStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'live'; readonly since: number }
  | { readonly state: 'lost'; readonly since: number; readonly attempts: number }

export class Line {
  readonly #subject = new Subject<'line'>()
  #status: LineStatus = { state: 'connecting' }

  readonly get = (): LineStatus => this.#status
  readonly listen = (listener: () => void): (() => void) => this.#subject.listen('line', listener)

  opened(now: number): void {
    this.#set({ state: 'live', since: now })
  }

  /** The first failures of a tab that never was live count too: it says so instead of loading for ever. */
  failed(now: number): void {
    const before = this.#status
    if (before.state === 'lost') this.#set({ ...before, attempts: before.attempts + 1 })
    else this.#set({ state: 'lost', since: now, attempts: 1 })
  }

  #set(status: LineStatus): void {
    this.#status = status
    this.#subject.tell(['line'])
  }
}
