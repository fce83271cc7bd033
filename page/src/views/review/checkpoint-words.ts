// What a checkpoint is, in words.

import type { Checkpoint } from './shapes'

/** `after turn 14`, `before the last restore` */
export function checkpointWords(checkpoint: Checkpoint, turn: number | null): string {
  switch (checkpoint.kind) {
    case 'base': return 'the start of the session'
    case 'turn': return turn === null ? 'after an earlier turn' : `after turn ${turn}`
    case 'person': return 'after edits of yours'
    case 'safety': return 'before files were restored'
    case 'reject': return 'after a reject'
    case 'rewind': return 'after files were restored'
  }
}
