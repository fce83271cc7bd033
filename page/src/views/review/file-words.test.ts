import { expect, test } from 'vitest'
import { fileWords } from './file-words'
import { beginsFolded, isHuge, isUnloaded } from './folding'
import { MIXED, file } from './sample'

test.each([
  [{ operation: 'create', hunks: [MIXED] }, ['new']],
  [{ operation: 'rename', old_path: 'old.py' }, ['renamed from old.py']],
  [{ old_mode: '100644', new_mode: '100755' }, ['now executable']],
  [{ old_mode: '100755', new_mode: '100644' }, ['no longer executable']],
  [{ old_mode: '100644', new_mode: '120000', hunks: [MIXED] }, ['now a link']],
  [{ operation: 'create', new_mode: '120000', hunks: [MIXED] }, ['new', 'a link']],
  [{ binary: true }, ['binary']],
  [{ too_large: true }, ['too large to show at once']],
  [{ hunks: [MIXED] }, []],
] as const)('%o is %o', (more, words) => {
  expect(fileWords(file('a', more as unknown as Parameters<typeof file>[1]))).toEqual(words)
})

const totals = { files: 3, additions: 10, deletions: 10, agents: [] }

test('a lot at once comes as a list', () => {
  expect(isHuge(totals)).toBe(false)
  expect(isHuge({ ...totals, additions: 20_000 })).toBe(true)
  expect(isHuge({ ...totals, files: 2000 })).toBe(true)
})

test('what nobody reads begins folded', () => {
  expect(beginsFolded(file('src/pool.py'), false)).toBe(false)
  expect(beginsFolded(file('src/pool.py'), true)).toBe(true)
  expect(beginsFolded(file('src/pool.py', { seen: true }), false)).toBe(true)
  expect(beginsFolded(file('uv.lock'), false)).toBe(true)
  expect(beginsFolded(file('page/package-lock.json'), false)).toBe(true)
  expect(beginsFolded(file('dist/app.min.js'), false)).toBe(true)
})

test('only lines that are missing can be asked for', () => {
  expect(isUnloaded(file('a', { too_large: true }))).toBe(true)
  expect(isUnloaded(file('a', { too_large: true, hunks: [MIXED] }))).toBe(false)
  expect(isUnloaded(file('a', { too_large: true, binary: true }))).toBe(false)
})
