import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdapterFactory, errors } from 'oidc-provider'
import { beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from '../../../src/crypto/field-encryption.ts'
import { createArtefactAdapterFactory, type Grace } from '../../../src/oidc/adapters/artefact-adapter.ts'
import { createRequests, describeOnEveryStore, encryption } from '../support/adapters.ts'

/** No test takes so long, on whatever machine. */
const grace = { retry: 600_000, settle: 600_000 }
/** What a store takes to answer counts to a request's age: one that is to be seen as later comes later by more than that. */
const later = () => sleep(200)
const sixteen = Array.from({ length: 16 })

describeOnEveryStore('adapter', (current) => {
  const requests = createRequests()
  const adapterWith = (changes: Partial<Grace> = {}) =>
    createArtefactAdapterFactory({ store: current().store, encryption, grace: { ...grace, ...changes }, ...requests })
  let adapter: AdapterFactory
  beforeAll(() => {
    adapter = adapterWith()
  })
  const now = () => Math.floor(Date.now() / 1000)
  const add = async (model: string, payload: object = {}, lifetime = 60) => {
    const id = randomUUID()
    const whole = { jti: id, kind: model, iat: now(), exp: now() + lifetime, ...payload }
    await adapter(model).upsert(id, whole, lifetime)
    return { id, payload: whole }
  }

  it('gives back what was stored, with the id filled in again', async () => {
    const { id, payload } = await add('AccessToken', {
      grantId: 'g',
      scope: 'openid profile',
      extra: { deep: [1, null] },
    })
    expect(await adapter('AccessToken').find(id)).toEqual(payload)
    expect(await adapter('RefreshToken').find(id)).toBeUndefined()
    expect(await adapter('AccessToken').find('unknown')).toBeUndefined()
  })

  it('keeps no id and no content in clear', async () => {
    const grantId = `grant-${randomUUID()}`
    const { id } = await add('RefreshToken', { grantId, accountId: 'account-4711' })
    const session = await add('Session', { uid: `uid-${randomUUID()}`, accountId: 'account-4711' })
    const kept = await current().dump()
    for (const secret of [id, grantId, session.id, 'account-4711', 'uid-']) expect(kept).not.toContain(secret)
  })

  it('fails for what was moved to another id', async () => {
    const { store } = current()
    for (const model of ['Session', 'RefreshToken', 'Interaction', 'Grant']) {
      const id = randomUUID()
      const { id: own } = await add(model)
      const { sealed = '' } = (await store.find(model, hashToken(own))) ?? {}
      await store.save(model, hashToken(id), { sealed, lifetime: 60 })
      await expect(adapter(model).find(id)).rejects.toThrow()
    }
  })

  it('overwrites on the next save', async () => {
    const { id, payload } = await add('Interaction', { params: { client_id: 'a' } })
    await adapter('Interaction').upsert(id, { ...payload, result: { login: { accountId: 'a' } } }, 60)
    expect(await adapter('Interaction').find(id)).toMatchObject({ jti: id, result: { login: { accountId: 'a' } } })
  })

  it('hides what has expired', async () => {
    const { id } = await add('AccessToken', {}, 1)
    expect(await adapter('AccessToken').find(id)).toBeDefined()
    await sleep(1100)
    expect(await adapter('AccessToken').find(id)).toBeUndefined()
  })

  it('finds a session by its uid, complete with its id', async () => {
    const uid = randomUUID()
    const { id, payload } = await add('Session', { uid })
    expect(await adapter('Session').findByUid(uid)).toEqual(payload)
    await adapter('Session').destroy(id)
    expect(await adapter('Session').findByUid(uid)).toBeUndefined()
  })

  it('finds a device code by its user code', async () => {
    const userCode = randomUUID()
    await add('DeviceCode', { userCode, clientId: 'a' })
    expect(await adapter('DeviceCode').findByUserCode(userCode)).toMatchObject({ clientId: 'a' })
  })

  it('revokes everything of a grant and nothing else', async () => {
    const grantId = randomUUID()
    const models = ['AccessToken', 'RefreshToken', 'AuthorizationCode']
    const added = await Promise.all(models.map((model) => add(model, { grantId })))
    const other = await add('AccessToken', { grantId: randomUUID() })
    await adapter('RefreshToken').revokeByGrantId(grantId)
    for (const [index, model] of models.entries())
      expect(await adapter(model).find(added[index]?.id ?? '')).toBeUndefined()
    expect(await adapter('AccessToken').find(other.id)).toBeDefined()
  })

  describe.each(['AuthorizationCode', 'RefreshToken'])('consuming a %s', (model) => {
    it('succeeds for exactly one of 16 at once; the others end as invalid_grant', async () => {
      const { id } = await add(model)
      const attempts = sixteen.map(() =>
        requests.run(async () => (await adapter(model).find(id)) && adapter(model).consume(id)),
      )
      const results = await Promise.allSettled(attempts)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(errors.InvalidGrant)
    })

    it('fails without a request to remember what was found', async () => {
      const { id } = await add(model)
      await adapter(model).consume(id)
      await expect(adapter(model).consume(id)).rejects.toBeInstanceOf(errors.InvalidGrant)
    })

    it('fails for what is gone', async () => {
      await expect(adapter(model).consume(randomUUID())).rejects.toBeInstanceOf(errors.InvalidGrant)
    })
  })

  it('reports a used code as consumed once it is answered, to requests that came later', async () => {
    const { id } = await add('AuthorizationCode')
    const codes = adapter('AuthorizationCode')
    await requests.run(async () => {
      await codes.find(id)
      await codes.consume(id)
      expect((await requests.run(() => codes.find(id))) as object).not.toHaveProperty('consumed')
      requests.note({ AuthorizationCode: id })
      await add('AccessToken')
      await later()
      expect((await codes.find(id)) as object).not.toHaveProperty('consumed')
    })
    expect((await requests.run(() => codes.find(id)))?.consumed).toBeGreaterThan(now() - 60)
  })

  it('ends the second use of a pushed request as invalid_request_uri', async () => {
    const { id } = await add('PushedAuthorizationRequest')
    await adapter('PushedAuthorizationRequest').consume(id)
    const again = adapter('PushedAuthorizationRequest').consume(id)
    await expect(again).rejects.toBeInstanceOf(errors.InvalidRequestUri)
  })

  it('lets exactly one of 16 at once, and nobody later, use what is good for one time', async () => {
    const { id, payload } = { id: randomUUID(), payload: { iss: 'client', kind: 'ReplayDetection', exp: now() + 60 } }
    const uses = () => adapter('ReplayDetection').upsert(id, payload, 60)
    const results = await Promise.allSettled(sixteen.map(() => requests.run(uses)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(errors.InvalidDpopProof)
    await expect(requests.run(uses)).rejects.toBeInstanceOf(errors.InvalidDpopProof)
  })

  it('takes an end by a fraction of a second, and remembers a proof that is dated ahead', async () => {
    const id = randomUUID()
    await adapter('ReplayDetection').upsert(id, { iss: 'client', exp: now() }, 0.2505)
    await sleep(400)
    await expect(adapter('ReplayDetection').upsert(id, {}, 60)).rejects.toBeInstanceOf(errors.InvalidDpopProof)
  })

  it('lets exactly one of 16 at once end an interaction, and none that saves late bring it back', async () => {
    const { id, payload } = await add('Interaction')
    const ends = await Promise.allSettled(sixteen.map(() => adapter('Interaction').destroy(id)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of ends)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(errors.SessionNotFound)
    await adapter('Interaction').upsert(id, { ...payload, result: { consent: {} } }, 60)
    expect(await adapter('Interaction').find(id)).toBeUndefined()
  })

  it('does not bring back a session that ended while a request was using it', async () => {
    const { id, payload } = await add('Session', { uid: randomUUID() })
    await requests.run(async () => {
      await adapter('Session').find(id)
      await adapter('Session').upsert(id, { ...payload, acr: 'kept' }, 60)
      expect(await adapter('Session').find(id)).toMatchObject({ acr: 'kept' })
      await adapter('Session').destroy(id)
      await adapter('Session').upsert(id, payload, 60)
    })
    expect(await adapter('Session').find(id)).toBeUndefined()
  })

  it('finds a session that was renewed by its uid, also after a slow request saved it under its old id', async () => {
    const uid = randomUUID()
    const { id: old, payload } = await add('Session', { uid })
    const renewed = randomUUID()
    const sessions = adapter('Session')
    await requests.run(async () => {
      await sessions.find(old)
      await requests.run(async () => {
        await sessions.find(old)
        await sessions.destroy(old)
        await sessions.upsert(renewed, { ...payload, jti: renewed }, 60)
      })
      await sessions.upsert(old, payload, 60)
    })
    expect(await sessions.find(old)).toBeUndefined()
    expect(await sessions.findByUid(uid)).toMatchObject({ jti: renewed })
  })

  it('keeps a pushed request for as long as an interaction may come back to it', async () => {
    const { id } = await add('PushedAuthorizationRequest', {}, 1)
    await add('Interaction', { parJti: id })
    await sleep(1100)
    const pushed = adapter('PushedAuthorizationRequest')
    expect(await pushed.find(id)).toBeDefined()
    await pushed.consume(id)
    await expect(pushed.consume(id)).rejects.toBeInstanceOf(errors.InvalidRequestUri)
  })

  describe('the grace of a refresh token', () => {
    const tokens = () => adapter('RefreshToken')
    const consumed = async (id: string) => Boolean((await tokens().find(id))?.consumed)
    /** One refresh as oidc-provider does it: find, consume, save the successor. */
    const rotate = (id: string, by = tokens()) =>
      requests.run(async () => {
        const found = await by.find(id)
        if (!found || found.consumed) return undefined
        await by.consume(id)
        requests.note({ RotatedRefreshToken: id })
        const successor = (await add('RefreshToken')).id
        requests.note({ RefreshToken: successor })
        await add('AccessToken')
        return successor
      })

    it('lets a lost answer be asked for again, once more at a time', async () => {
      const { id } = await add('RefreshToken')
      await rotate(id)
      await later()
      const retries = await Promise.allSettled(sixteen.map(() => rotate(id)))
      const won = retries.filter((result) => result.status === 'fulfilled' && result.value !== undefined)
      expect(won).toHaveLength(1)
    })

    it('takes a request that was sent with the first one for what it is, however late it is served', async () => {
      const { id } = await add('RefreshToken')
      await requests.run(async () => {
        await rotate(id)
        expect((await tokens().find(id))?.consumed).toBeUndefined()
        await expect(tokens().consume(id)).rejects.toBeInstanceOf(errors.InvalidGrant)
      })
    })

    it('keeps one live token: the retry replaces what the first answer held', async () => {
      const { id } = await add('RefreshToken')
      const lost = await rotate(id)
      await later()
      const received = await rotate(id)
      await later()
      expect(await consumed(lost ?? '')).toBe(true)
      expect(await consumed(received ?? '')).toBe(false)
      expect(await rotate(lost ?? '')).toBeUndefined()
      expect(await rotate(received ?? '')).toBeDefined()
    })

    it('ends when the successor is used: the answer was not lost', async () => {
      const { id } = await add('RefreshToken')
      const successor = await rotate(id)
      await rotate(successor ?? '')
      expect(await consumed(id)).toBe(true)
    })

    it('ends with its time', async () => {
      const { id } = await add('RefreshToken')
      await rotate(id)
      await later()
      expect(await consumed(id)).toBe(false)
      expect((await adapterWith({ retry: 1 })('RefreshToken').find(id))?.consumed).toBeGreaterThan(now() - 60)
    })

    it('refuses, and kills nothing, while the first answer is still being made', async () => {
      const { id } = await add('RefreshToken')
      await requests.run(async () => (await tokens().find(id)) && tokens().consume(id))
      await requests.run(async () => {
        expect((await tokens().find(id))?.consumed).toBeUndefined()
        await expect(tokens().consume(id)).rejects.toBeInstanceOf(errors.InvalidGrant)
      })
      await later()
      expect(await rotate(id, adapterWith({ settle: 1 })('RefreshToken'))).toBeDefined()
    })
  })
})
