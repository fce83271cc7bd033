import { Notice } from '@/components/notice'
import type { Crash } from '@/timeline/model'
import { Output } from './output'

export function CrashRow({ crash }: { crash: Crash }) {
  const code = crash.exitCode === null ? '' : ` with exit code ${crash.exitCode}`
  return (
    <div className="py-2">
      <Notice tone="fail" title={`${crash.agent ?? 'The agent'} ended by itself${code}`}>
        <p>Its conversation is taken up again by the next prompt; the files that it changed are kept.</p>
        {crash.stderr && <div className="mt-2"><Output text={crash.stderr} /></div>}
      </Notice>
    </div>
  )
}
