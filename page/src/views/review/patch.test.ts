import { processFile } from '@pierre/diffs'
import { describe, expect, test, vi } from 'vitest'
import { patchText } from './patch'
import { MIXED, file, hunk } from './sample'

// The code viewer asks which browser it runs in as soon as it is loaded; older Nodes have no answer.
vi.hoisted(() => vi.stubGlobal('navigator', { userAgent: '', platform: '' }))

const read = (text: string) => processFile(text, { isGitDiff: true, throwOnError: true })

describe('the patch of a file', () => {
  test('is what the viewer reads, line for line', () => {
    const found = read(patchText(file('pool.py', { hunks: [MIXED] })))
    expect(found?.additionLines).toEqual(['a\n', 'B\n', 'C\n', 'D\n', 'd\n'])
    expect(found?.deletionLines).toEqual(['a\n', 'b\n', 'c\n', 'd\n'])
    expect(found?.hunks[0]).toMatchObject({ additionStart: 1, deletionStart: 1, hunkContext: 'class Pool:' })
  })

  test('counts the lines itself when a filter left a header that does not fit', () => {
    const part = hunk('h', '@@ -10,90 +10,91 @@', [['context', 10, 10, 'x'], ['add', null, 11, 'y', 'goose']])
    expect(read(patchText(file('a', { hunks: [part] })))?.hunks[0]).toMatchObject({ additionCount: 2, deletionCount: 1, additionStart: 10 })
  })

  test('begins and ends files', () => {
    const born = hunk('h', '@@ -0,0 +1,1 @@', [['add', null, 1, 'x', 'goose']])
    expect(read(patchText(file('a', { operation: 'create', hunks: [born] })))?.type).toBe('new')
    const gone = hunk('h', '@@ -1,1 +0,0 @@', [['delete', 1, null, 'x', 'goose']])
    expect(read(patchText(file('a', { operation: 'delete', hunks: [gone] })))?.type).toBe('deleted')
  })

  test('takes lines that look like a patch, empty ones, and names with anything in them', () => {
    const odd = hunk('h', '@@ -1,2 +1,4 @@', [
      ['context', 1, 1, ''], ['add', null, 2, '@@ -1 +1 @@', 'goose'], ['add', null, 3, '-- a', 'goose'], ['context', 2, 4, '\r'],
    ])
    const found = read(patchText(file('a "b"\nc', { hunks: [odd] })))
    expect(found?.additionLines).toEqual(['\n', '@@ -1 +1 @@\n', '-- a\n', '\r\n'])
  })
})
