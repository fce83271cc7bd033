// Which agent, model and mode the next prompt goes to.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { agentsQuery, conversationsQuery } from '@/api/queries'
import type { AgentInfo, Conversation } from '@/api/types'
import { usePreferences } from '@/app/preferences'
import { useSession, useSessionState } from '../session-context'

export interface Choice {
  readonly agents: readonly AgentInfo[]
  readonly conversations: readonly Conversation[]
  readonly agent: AgentInfo | undefined
  readonly conversation: Conversation | undefined
  /** Null: as the agent has it. */
  readonly model: string | null
  readonly mode: string | null
  readonly setAgent: (name: string) => void
  readonly setModel: (model: string | null) => void
  readonly setMode: (mode: string | null) => void
}

export function useChoice(): Choice {
  const session = useSession()
  const { last } = useSessionState()
  const { lastAgent, set } = usePreferences()
  const { data: agents = [] } = useQuery(agentsQuery)
  const { data: conversations = [] } = useQuery(conversationsQuery(session.id))
  const [chosen, setChosen] = useState<{ agent: string | null; model: string | null; mode: string | null }>({ agent: null, model: null, mode: null })
  const usable = agents.filter((agent) => agent.installed && agent.enabled)
  const find = (name: string | null | undefined) => usable.find((agent) => agent.name === name)
  const agent = find(chosen.agent) ?? find(last?.agent) ?? find(session.agents.at(-1)) ?? find(lastAgent) ?? usable[0]
  return {
    agents: usable,
    conversations,
    agent,
    conversation: conversations.find((one) => one.agent === agent?.name),
    model: chosen.model,
    mode: chosen.mode,
    setAgent: (name) => {
      set({ lastAgent: name })
      setChosen({ agent: name, model: null, mode: null })
    },
    setModel: (model) => setChosen({ ...chosen, agent: agent?.name ?? null, model }),
    setMode: (mode) => setChosen({ ...chosen, agent: agent?.name ?? null, mode }),
  }
}
