import { Notice } from '@/components/notice'
import type { Crash } from '@/timeline/model'
import { useTurn } from '../session-context'
import { Output } from './output'
import { TurnActions } from './turn-actions'

export function CrashRow({ crash, turnId }: { crash: Crash; turnId: string | null }) {
  const turn = useTurn(turnId)
  const during = turn ? ` during turn ${turn.number}` : ''
  const changed = turn?.changes?.length ?? 0
  const kept = changed > 0 ? `; ${changed === 1 ? 'the file it changed is' : `the ${changed} files it changed are`} kept` : '; files that it changed are kept'
  return (
    <div className="py-2">
      <Notice
        tone="fail" title={`${crash.agent ?? 'The agent'} ended by itself${exitOf(crash)}${during}`}
        actions={turn && turn.status === 'failed' && <TurnActions turn={turn} again="Resume" />}
      >
        <p>Its conversation can be taken up again{kept}. Other agents go on.</p>
        {crash.stderr && (
          <details className="mt-2">
            <summary className="touch cursor-pointer">Its log</summary>
            <div className="mt-1.5"><Output text={crash.stderr} ansi /></div>
          </details>
        )}
      </Notice>
    </div>
  )
}

/** A negative code is the number of the signal that ended it. */
function exitOf({ exitCode }: Crash): string {
  if (exitCode === null) return ''
  return exitCode < 0 ? ` (signal ${-exitCode})` : ` (exit code ${exitCode})`
}
