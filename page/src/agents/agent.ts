// How an agent is told apart: a letter and one of four colours, always beside its name.

export type AgentColour = 1 | 2 | 3 | 4

// The best known ones never share a colour with a usual companion.
const COLOURS: Record<string, AgentColour> = {
  opencode: 1, claude: 2, goose: 3, qwen: 4, codex: 3, gemini: 1, kimi: 4, copilot: 2, builtin: 1, demo: 1,
}

export function agentColour(name: string): AgentColour {
  const known = COLOURS[name]
  if (known !== undefined) return known
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997
  return ((sum % 4) + 1) as AgentColour
}

export function agentLetter(name: string): string {
  return (name[0] ?? '?').toUpperCase()
}
