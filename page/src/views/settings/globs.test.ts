import { expect, it } from 'vitest'
import { globsOf } from './globs'

it('reads one pattern a line', () => {
  expect(globsOf(' .env \n\nconfig/*.toml\n.env\n')).toEqual(['.env', 'config/*.toml'])
  expect(globsOf('')).toEqual([])
})
