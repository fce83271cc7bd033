import { expect, it } from 'vitest'
import type { AgentInfo } from '@/api/types'
import { firstChoice, missingOf } from './wish'

function agent(name: string, over: Partial<AgentInfo> = {}): AgentInfo {
  return {
    name, kind: 'acp_warm', label: name, installed: true, enabled: true, node_id: null, version: null, models: [], modes: [], commands: [],
    capabilities: {}, diagnostic: null, install_hint: '', probed_at: null, ...over,
  }
}

it('chooses a real agent that is well, else the demo one', () => {
  expect(firstChoice([agent('demo'), agent('goose')])).toBe('goose')
  expect(firstChoice([agent('codex', { diagnostic: 'Log in first.' }), agent('goose')])).toBe('goose')
  expect(firstChoice([agent('demo'), agent('goose', { installed: false })])).toBe('demo')
  expect(firstChoice([agent('demo', { enabled: false })])).toBeNull()
})

it('says what is missing', () => {
  expect(missingOf({ path: ' ', agent: 'demo', input: 'x' }).path).toContain('Which folder')
  expect(missingOf({ path: '/a', agent: 'demo', input: 'x' })).toEqual({ path: null, input: null })
})
