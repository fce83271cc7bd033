// Why a file cannot be applied, and which sides cannot be shown.

import type { ApplyConflict, ConflictSide } from './shapes'

const KINDS: Record<ApplyConflict['kind'], string> = {
  content: 'Both changed the same lines.',
  deleted_in_checkout: 'Your checkout deleted it, the session changed it.',
  deleted_in_session: 'The session deleted it, your checkout changed it.',
  both_added: 'Both made this file, each in its own way.',
  binary: 'Both changed it, and it is no text.',
  type: 'It is a file on one side and something else on the other.',
  occupied: 'Something that is not in git stands in its place in your checkout.',
  outside: 'It would be written outside of your checkout, through a link.',
  submodule: 'It lies in another repository.',
}

export function conflictWords(conflict: ApplyConflict): string {
  const sides = [sideWords('Your checkout', conflict.ours), sideWords('The session', conflict.theirs)]
  return [KINDS[conflict.kind], ...sides.filter((words) => words !== null)].join(' ')
}

function sideWords(whose: string, side: ConflictSide | null): string | null {
  if (side === null) return null
  if (side.binary) return `${whose} has a binary file there.`
  return side.too_large ? `What ${whose.toLowerCase()} has is too large to show.` : null
}
