// What an agent asks, from a session's timeline or from the inbox.

import type { Permission } from '@/api/types'
import type { Ask } from '@/timeline/model'

export type Asked = Pick<Ask, 'id' | 'permissionId' | 'agent' | 'question' | 'title' | 'detail' | 'options' | 'questions'>

export function askedOf(permission: Permission): Asked {
  return {
    id: permission.id, permissionId: permission.id, agent: permission.agent, question: permission.kind === 'question',
    title: permission.title, detail: permission.detail, options: permission.options, questions: permission.questions,
  }
}

const TOOLS: Record<string, string> = {
  execute: 'run a command', edit: 'change a file', delete: 'delete a file', move: 'move a file', fetch: 'use the network', read: 'read',
}

export function headline(ask: Asked): string {
  const agent = ask.agent ?? 'The agent'
  if (ask.question) return `${agent} has a question`
  const what = TOOLS[String(ask.detail['tool'] ?? '')]
  return what ? `${agent} wants to ${what}` : `${agent} asks for a permission`
}
