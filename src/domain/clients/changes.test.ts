import { describe, expect, it } from 'vitest'
import { newClient, registeredClient } from '../../../test/support/clients.ts'
import { changedFields, planFile } from './changes.ts'
import type { Client, RegisteredClient } from './client.ts'

const file = 'clients.yaml'
const registered = (changes: Partial<RegisteredClient> = {}, client: Partial<Client> = {}) =>
  registeredClient({ managedBy: file, ...changes }, newClient(client))
const at = new Date()
const wanted = newClient()

describe('the plan of a file', () => {
  it.each([
    ['an entry that is new', [wanted], [], ['registered']],
    ['an entry that is as it was', [wanted], [registered()], []],
    ['an entry that is another now', [newClient({ name: 'Else' })], [registered()], ['changed']],
    ['an entry that has vanished', [], [registered()], ['gone']],
    ['one that had vanished before', [], [registered({ goneAt: at })], []],
    ['one that vanishes while it is suspended', [], [registered({ suspendedAt: at })], ['gone']],
    ['an entry that comes back', [wanted], [registered({ goneAt: at })], ['back']],
    [
      'one that comes back as another',
      [newClient({ name: 'Else' })],
      [registered({ goneAt: at })],
      ['changed', 'back'],
    ],
    ['an entry whose client is suspended', [wanted], [registered({ suspendedAt: at })], []],
    ['a client of staff', [], [registered({ managedBy: null })], []],
    ['a client of another file', [], [registered({ managedBy: 'demo/clients.yaml' })], []],
  ])('for %s', (_, entries, present, changes) => {
    const plan = planFile(file, entries, present)
    expect([plan.changes.map(({ change }) => change), plan.taken]).toEqual([changes, []])
  })

  it('tells of ids that another hand has registered', () => {
    const { taken } = planFile(file, [wanted], [registered({ managedBy: null })])
    expect(taken).toEqual([{ clientId: 'portal', managedBy: null }])
  })
})

describe('what differs', () => {
  it('is named by field, whatever the order of keys, and a field left out is none', () => {
    const jwks = (key: object) => newClient({ jwks: { keys: [{ ...key }] } })
    expect(changedFields(jwks({ kty: 'EC', x: '1' }), jwks({ x: '1', kty: 'EC' }))).toEqual([])
    expect(changedFields(newClient(), newClient({ clientUri: undefined }))).toEqual([])
    expect(changedFields(newClient(), newClient({ scopes: ['profile', 'openid'], reviewed: false }))).toEqual([
      'reviewed',
      'scopes',
    ])
  })

  it('does not count secrets that are made here', () => {
    const made = { secretsMadeHere: true }
    const before = newClient({ ...made, secretHashes: ['a', 'b'] })
    expect(changedFields(before, newClient({ ...made, secretHashes: [] }))).toEqual([])
    expect(changedFields(before, newClient({ secretHashes: ['c'] }))).toEqual(['secretHashes', 'secretsMadeHere'])
  })
})
