import { useQuery } from '@tanstack/react-query'
import { FolderGit2 } from 'lucide-react'
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { ApiError, explain } from '@/api/error'
import { agentsQuery } from '@/api/queries'
import type { AgentInfo, Project } from '@/api/types'
import { useLine } from '@/app/reconnect-bar'
import { Button } from '@/components/button'
import { Field } from '@/components/field'
import { TextArea } from '@/components/text-area'
import { useStart } from '@/views/home/use-start'
import { AgentChoice } from './agent-choice'
import { DemoOffer } from './demo-offer'
import { DEMO_PROMPT, firstChoice, missingOf, usable } from './wish'

const LOOK_EVERY = 2000

/** From the printed link to the first answer: a folder, an agent that is already chosen, a prompt. */
export function FirstRun({ projects, agents: known }: { projects: readonly Project[]; agents: readonly AgentInfo[] }) {
  // A runner that just started is still looking for agents, and nothing tells when it has found them.
  const { data: agents = known } = useQuery({ ...agentsQuery, refetchInterval: ({ state }) => (state.data?.some(usable) ? false : LOOK_EVERY) })
  const [path, setPath] = useState(projects[0]?.path ?? '')
  const [chosen, setChosen] = useState<string | null>(null)
  const [input, setInput] = useState('')
  const [asked, setAsked] = useState(false)
  const offline = useLine().state === 'lost'
  const box = useRef<HTMLFormElement>(null)
  const start = useStart()
  const agent = chosen ?? firstChoice(agents)
  const missing = missingOf({ path, agent, input })
  const inPath = start.error instanceof ApiError && start.error.field === 'path'

  const focus = (name: string) => box.current?.querySelector<HTMLElement>(`[name=${name}]`)?.focus()
  useEffect(() => focus('path'), [])
  useEffect(() => {
    if (inPath) focus('path')
  }, [inPath, start.failureCount])

  const begin = (wanted: { agent: string | null; input: string }) => {
    setAsked(true)
    const lacks = missingOf({ path, ...wanted })
    if (lacks.path) focus('path')
    else if (lacks.input) focus('prompt')
    else if (wanted.agent !== null && !offline && !start.isPending) start.mutate({ projectId: null, path: path.trim(), agent: wanted.agent, input: wanted.input })
  }
  const demo = () => {
    const wanted = { agent: 'demo', input: input.trim() === '' ? DEMO_PROMPT : input }
    setChosen('demo')
    setInput(wanted.input)
    begin(wanted)
  }
  const send = (event: FormEvent) => {
    event.preventDefault()
    begin({ agent, input })
  }
  const onPrompt = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    begin({ agent, input })
  }
  const pathError = inPath ? explain(start.error) : asked && missing.path
  return (
    <form ref={box} onSubmit={send} noValidate className="space-y-6">
      <div>
        <h2 className="text-title font-semibold">What should be worked on?</h2>
        <p className="mt-1 text-talk text-dim">Agents work in copies of your repository. Nothing in it changes before you have seen it and said so.</p>
      </div>
      <Field
        name="path" label="Folder" value={path} onChange={(event) => setPath(event.target.value)} placeholder="/home/me/project" className="touch font-mono"
        hint="A git repository on the machine where Roundhouse runs; any folder inside of it will do." error={pathError || null} autoComplete="off" spellCheck={false}
      />
      <AgentChoice agents={agents} chosen={agent} onChoose={setChosen} />
      <TextArea
        name="prompt" label="Prompt" value={input} onChange={(event) => setInput(event.target.value)} onKeyDown={onPrompt} rows={3} className="min-h-20"
        placeholder="What should be done?" hint="Enter sends, Shift+Enter makes a new line." error={(asked && missing.input) || null}
      />
      {start.isError && !inPath && <p role="alert" className="text-fail">{explain(start.error)}</p>}
      {offline && <p className="text-need">Offline: nothing can be sent now.</p>}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look="primary" disabled={offline || start.isPending || agent === null} className="h-9 px-4 text-talk">
          <FolderGit2 size={15} aria-hidden />{start.isPending ? 'Starting…' : 'Start'}
        </Button>
        <DemoOffer agents={agents} chosen={agent} busy={offline || start.isPending} onDemo={demo} />
      </div>
    </form>
  )
}
