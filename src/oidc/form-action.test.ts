import { expect, it } from 'vitest'
import { formActionSources, isBeyondFormAction } from './form-action.ts'

it.each([
  ['https://portal.example/callback?x=1', ['https://portal.example']],
  ['https://portal.example:8443/callback', ['https://portal.example:8443']],
  ['http://localhost:51004/callback', ['http://localhost:51004']],
  ['http://LOCALHOST:51004/callback', ['http://localhost:51004']],
  ['http://127.0.0.1/callback', ['http://127.0.0.1']],
  ['http://127.0.0.1:49152/callback', ['http://127.0.0.1:49152']],
  ['http://[::1]:9/callback', []],
  ['org.example.app:/callback', ['org.example.app:']],
  [undefined, []],
])('lets %s through as %s, and no other host', (address, sources) => {
  expect(formActionSources(address)).toEqual(sources)
})

it('knows what no policy can name', () => {
  expect(isBeyondFormAction('http://[::1]:9/callback')).toBe(true)
  expect(isBeyondFormAction('http://localhost:9/callback')).toBe(false)
  expect(isBeyondFormAction(undefined)).toBe(false)
})
