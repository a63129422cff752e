import { describe, expect, it } from 'vitest'
import { newClient, registeredClient } from '../../../test/support/clients.ts'
import { changedFields, planFiles } from './changes.ts'
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
    const plan = planFiles([{ name: file, clients: entries }], present)
    expect([plan.changes.map(({ change }) => change), plan.taken]).toEqual([changes, []])
  })

  it('tells of ids that another hand has registered', () => {
    const { taken } = planFiles([{ name: file, clients: [wanted] }], [registered({ managedBy: null })])
    expect(taken).toEqual([{ clientId: 'portal', file, managedBy: null }])
  })

  describe('with others that are applied together with it', () => {
    const other = 'clients/team.yaml'
    const both = (mine: Client[], theirs: Client[]) => [
      { name: file, clients: mine },
      { name: other, clients: theirs },
    ]

    it('moves an entry, with what it changes, and takes nothing for gone', () => {
      const { changes, taken } = planFiles(both([], [newClient({ name: 'Neu' })]), [registered({ goneAt: at })])
      expect(changes).toMatchObject([
        { clientId: 'portal', change: 'moved', file: other, from: file },
        { change: 'changed', file: other, fields: ['name'] },
        { change: 'back', file: other },
      ])
      expect(taken).toEqual([])
    })

    it('refuses an entry that two have, whoever had it before', () => {
      for (const managedBy of [file, other, null]) {
        const plan = planFiles(both([wanted], [wanted]), [registered({ managedBy })], { takeOver: true })
        expect(plan.twice).toEqual([{ clientId: 'portal', files: [file, other] }])
        expect(plan.changes.filter(({ change }) => change === 'moved' && managedBy === file)).toEqual([])
      }
    })

    it('takes nothing from a file that is not among them', () => {
      const owner = 'clients/owner.yaml'
      for (const goneAt of [null, at]) {
        const { taken } = planFiles(both([], [wanted]), [registered({ managedBy: owner, goneAt })], { takeOver: true })
        expect(taken).toEqual([{ clientId: 'portal', file: other, managedBy: owner }])
      }
    })
  })

  it('asks for removals only when it is told to, once, and of its own alone', () => {
    const present = [
      registered({}, { clientId: 'now' }),
      registered({ goneAt: at }, { clientId: 'before' }),
      registered({ goneAt: at }, { clientId: 'asked' }),
      registered({ goneAt: at, managedBy: 'clients/team.yaml' }, { clientId: 'theirs' }),
      registered({ managedBy: null }, { clientId: 'of-staff' }),
    ]
    const removals = (prune?: { asked: Set<string> }) =>
      planFiles([{ name: file, clients: [] }], present, { prune })
        .changes.filter(({ change }) => change === 'removal')
        .map(({ clientId }) => clientId)
    expect(removals()).toEqual([])
    expect(removals({ asked: new Set(['asked']) })).toEqual(['now', 'before'])
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
