import { expect, test } from 'vitest'
import { lineDiff } from './line-diff'

const show = (before: string | null, after: string) =>
  lineDiff(before, after, 100)?.map((line) => ({ context: ' ', add: '+', delete: '-', gap: '…' })[line.kind] + line.text)

test('what is common before and after is context', () => {
  expect(show('a\nb\nc\nd\ne\nf\n', 'a\nb\nc\nX\nY\ne\nf\n')).toEqual(['…', ' b', ' c', '-d', '+X', '+Y', ' e', ' f'])
})

test('a new file is all new, a deleted one all gone, and the same is nothing', () => {
  expect(show(null, 'a\nb\n')).toEqual(['+a', '+b'])
  expect(show('a\n', '')).toEqual(['-a'])
  expect(show('a\n', 'a\n')?.filter((line) => !line.startsWith(' '))).toEqual([])
})

test('repeated lines are not counted twice', () => {
  expect(show('x\nx\n', 'x\nx\nx\n')).toEqual([' x', ' x', '+x'])
})

test('what is too large is left to the review', () => {
  expect(lineDiff(null, 'a\n'.repeat(200), 100)).toBeNull()
})
