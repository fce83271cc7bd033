// Tool calls: upserts by id. An update may come first, when history begins in the middle of a turn.

import type { EventOf, ToolContent } from '@/api/types'
import type { Tool } from './model'
import type { Timeline } from './timeline'

/** Characters of a terminal's output that are kept; a runaway command must not fill the browser's memory. */
const OUTPUT_KEPT = 1_000_000

export function addToolCall(timeline: Timeline, event: EventOf<'tool_call'>, at: number): void {
  const before = find(timeline, event.task_id, event.id)
  const tool: Tool = {
    ...(before ?? blank(event.task_id, event.id, event.seq, at)),
    title: event.title || before?.title || '',
    toolKind: event.kind ?? before?.toolKind ?? 'other',
    status: event.status ?? before?.status ?? 'pending',
    input: event.input ?? before?.input ?? null,
    locations: event.locations ?? before?.locations ?? [],
    content: merged(before?.content ?? [], event.content ?? []),
  }
  put(timeline, event.task_id, before, ended(tool, at))
}

export function updateTool(timeline: Timeline, event: EventOf<'tool_update'>, at: number): void {
  const before = find(timeline, event.task_id, event.id)
  const tool = before ?? blank(event.task_id, event.id, event.seq, at)
  put(timeline, event.task_id, before, ended({
    ...tool,
    title: event.title ?? tool.title,
    toolKind: event.kind ?? tool.toolKind,
    status: event.status ?? tool.status,
    input: event.input ?? tool.input,
    output: event.output ?? tool.output,
    locations: event.locations ?? tool.locations,
    content: event.content ? merged(tool.content, event.content) : tool.content,
  }, at))
}

/** New content replaces the old, but a terminal that says only what is new goes on. */
function merged(before: readonly ToolContent[], now: readonly ToolContent[]): readonly ToolContent[] {
  if (now.length === 0) return before
  return now.map((part) => {
    if (part.type !== 'terminal' || part.whole !== false) return part
    const earlier = before.find((old) => old.type === 'terminal' && old.terminal_id === part.terminal_id)
    const output = ((earlier?.type === 'terminal' && earlier.output) || '') + (part.output ?? '')
    return { ...earlier, ...part, output: output.slice(-OUTPUT_KEPT) }
  })
}

function find(timeline: Timeline, taskId: string | null, callId: string): Tool | undefined {
  const item = timeline.items.get(itemId(taskId, callId))
  return item?.kind === 'tool' ? item : undefined
}

function put(timeline: Timeline, taskId: string | null, before: Tool | undefined, tool: Tool): void {
  if (before) timeline.setItem(tool)
  else timeline.place(taskId, tool)
}

function ended(tool: Tool, at: number): Tool {
  const over = tool.status === 'completed' || tool.status === 'failed'
  return { ...tool, endedAt: over ? (tool.endedAt ?? at) : null }
}

function itemId(taskId: string | null, callId: string): string {
  return `t${taskId}:${callId}`
}

function blank(taskId: string | null, callId: string, seq: number, at: number): Tool {
  return {
    kind: 'tool', id: itemId(taskId, callId), seq, at, callId, title: '', toolKind: 'other', status: 'pending',
    input: null, output: null, locations: [], content: [], endedAt: null,
  }
}
