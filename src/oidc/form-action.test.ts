import { expect, it } from 'vitest'
import { formActionSources } from './form-action.ts'

it.each([
  ['https://portal.example/callback?x=1', 'https://portal.example'],
  ['https://portal.example:8443/callback', 'https://portal.example:8443'],
  ['http://localhost:3001/callback', 'http://localhost:3001'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1:*'],
  ['http://[::1]:9/callback', 'http:'],
  ['org.example.app:/callback', 'org.example.app:'],
])('lets %s through as %s', (address, source) => {
  expect(formActionSources({ redirectUris: [address] })).toEqual([source])
})

it('names each source of redirect and sign-out addresses once', () => {
  const redirectUris = ['https://a.example/1', 'https://a.example/2']
  const sources = formActionSources({
    redirectUris,
    postLogoutRedirectUris: ['https://a.example/', 'https://b.example/'],
  })
  expect(sources).toEqual(['https://a.example', 'https://b.example'])
})
