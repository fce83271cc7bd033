import { toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import type { Turn } from '@/timeline/model'
import { useResume } from '../composer/use-resume'
import { useSend } from '../composer/use-send'
import { editPrompt, openMenu } from '../composer/wishes'
import { useSession, useSessionState } from '../session-context'
import { usePrompt } from '../use-prompt'

/** What can be done about a turn that did not go well. Only for the last one: what came after it has dealt with it. */
export function TurnActions({ turn, again = 'Retry' }: { turn: Turn; again?: string }) {
  const session = useSession()
  const { last } = useSessionState()
  const send = useSend(session.id)
  const resume = useResume(session.id)
  const prompt = usePrompt(turn)
  if (last?.id !== turn.id || prompt === null || turn.agent === null) return null
  const { agent, model, mode } = turn
  const retry = () => send.mutate({ agent, input: prompt, model, mode }, { onError: toastError })
  return (
    <>
      <Button look="primary" onClick={retry} disabled={send.isPending || send.isSuccess}>{again}</Button>
      <Button onClick={() => editPrompt(session.id, prompt)}>Edit prompt</Button>
      <Button onClick={() => { editPrompt(session.id, prompt); openMenu('agent') }}>Switch agent</Button>
      {session.hold_reason !== null && <Button onClick={() => resume.mutate()} disabled={resume.isPending}>Let the queue go on</Button>}
    </>
  )
}
