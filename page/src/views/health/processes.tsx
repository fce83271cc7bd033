import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@/app/routing'
import { AgentTile } from '@/agents/agent-tile'
import { call, http } from '@/api/client'
import { keys } from '@/api/keys'
import { sessionsQuery } from '@/api/queries'
import type { AgentProcess } from '@/api/types'
import { toast, toastError } from '@/app/toasts'
import { Button } from '@/components/button'
import { ScrollBox } from '@/components/scroll-box'
import { bytes, duration } from '@/components/time'

/** Which agents are up, and the way to have one begin anew. */
export function Processes({ processes, offline }: { processes: readonly AgentProcess[]; offline: boolean }) {
  const { data: sessions = [] } = useQuery(sessionsQuery)
  const titles = new Map(sessions.map((session) => [session.id, session.title]))
  if (processes.length === 0) return <p className="rounded-card border border-line bg-raise px-3 py-4 text-dim">No agent is up. The first turn of a session starts one, and it stays warm for the next.</p>
  return (
    <div className="rounded-card border border-line bg-raise">
      <ScrollBox label="Table of processes">
        <table className="w-full text-left">
          <thead className="text-dim">
            <tr>
              <Head>Agent</Head><Head>Session</Head><Head>State</Head><Head right>Memory</Head><Head right narrow>Process</Head>
              <th scope="col" className="px-3"><span className="sr-only">What can be done</span></th>
            </tr>
          </thead>
          <tbody>
            {processes.map((process) => (
              <tr key={`${process.session_id} ${process.agent}`} className="border-t border-line">
                <td className="px-3 py-1.5"><AgentTile name={process.agent} named /></td>
                <td className="max-w-64 px-3 py-1.5">
                  <Link to="/sessions/$sessionId" params={{ sessionId: process.session_id }} className="touch block min-w-24 truncate leading-7 underline decoration-line2 underline-offset-2 hover:decoration-current">
                    {titles.get(process.session_id) ?? process.session_id}
                  </Link>
                </td>
                <td className="tabular px-3 py-1.5 whitespace-nowrap">
                  {process.busy ? <span className="text-run">working</span> : <span className="text-dim">idle {duration((process.idle_seconds ?? 0) * 1000)}</span>}
                </td>
                <td className="tabular px-3 py-1.5 text-right whitespace-nowrap">{process.rss_bytes > 0 ? bytes(process.rss_bytes) : '–'}</td>
                <td className="tabular px-3 py-1.5 text-right max-sm:hidden">{process.pid ?? '–'}</td>
                <td className="px-3 py-1.5 text-right"><Recycle process={process} offline={offline} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  )
}

function Head({ right = false, narrow = false, children }: { right?: boolean; narrow?: boolean; children: string }) {
  return <th scope="col" className={`px-3 py-2 font-medium ${right ? 'text-right' : ''} ${narrow ? 'max-sm:hidden' : ''}`}>{children}</th>
}

function Recycle({ process, offline }: { process: AgentProcess; offline: boolean }) {
  const client = useQueryClient()
  const close = useMutation({
    mutationFn: () => call(http.POST('/api/sessions/{session_id}/agents/{agent}/close', {
      params: { path: { session_id: process.session_id, agent: process.agent } },
    })),
    onSuccess: () => toast(`${process.agent} was ended. Its conversation is resumed by the next turn.`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: keys.health }),
  })
  return (
    <Button
      disabled={process.busy || offline || close.isPending || close.isSuccess}
      title={process.busy ? 'It works. Stop its turn first.' : 'Ends the process; the next turn starts a new one and resumes the conversation'}
      aria-label={`Recycle ${process.agent}`}
      onClick={() => close.mutate()}
    >
      {close.isPending || close.isSuccess ? 'Ending…' : 'Recycle'}
    </Button>
  )
}
