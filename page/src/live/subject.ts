// Who wants to hear of a change, by key. Fits `useSyncExternalStore`.

export class Subject<Key = string> {
  readonly #listeners = new Map<Key, Set<() => void>>()

  listen(key: Key, listener: () => void): () => void {
    let found = this.#listeners.get(key)
    if (found === undefined) this.#listeners.set(key, (found = new Set()))
    found.add(listener)
    return () => {
      found.delete(listener)
      if (found.size === 0) this.#listeners.delete(key)
    }
  }

  tell(keys: Iterable<Key>): void {
    for (const key of keys) for (const listener of this.#listeners.get(key) ?? []) listener()
  }
}
