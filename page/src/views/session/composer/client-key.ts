/** Lets a prompt be sent again safely. `randomUUID` is missing where the page comes over plain http from another machine. */
export function clientKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
