/** The patterns of a text: one a line, without empty ones and repetitions. */
export function globsOf(text: string): string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()).filter((line) => line !== ''))]
}
