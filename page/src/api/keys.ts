// The names under which answers are kept. Everything of one session begins alike, so that one line can renew it.

export const keys = {
  health: ['health'],
  agents: ['agents'],
  projects: ['projects'],
  sessions: ['sessions'],
  inbox: ['inbox'],
  rules: ['permission-rules'],
  session: (id: string) => ['session', id],
  tasks: (id: string) => ['session', id, 'tasks'],
  conversations: (id: string) => ['session', id, 'agents'],
  changes: (id: string) => ['session', id, 'changes'],
} as const
