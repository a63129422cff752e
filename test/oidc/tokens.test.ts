import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createArtefactAdapterFactory } from '../../src/oidc/adapters/artefact-adapter.ts'
import type { ArtefactStore } from '../../src/stores/sign-in/oidc-artefacts.ts'
import { describeOnEveryStore, encryption } from './support/adapters.ts'
import { askForTokens, authorize, claimsOf, exchange, refresh, revoke, signIn, userinfo } from './support/flows.ts'
import { type Harness, secrets, startHarness } from './support/harness.ts'

const sixteen = Array.from({ length: 16 })
const offline = { scope: 'openid profile offline_access' }

describeOnEveryStore(
  'tokens',
  (current) => {
    let harness: Harness
    // No test takes so long, on whatever machine; one of them ends it.
    const grace = { retry: 600_000, settle: 600_000 }
    let beforeSave: (model: string) => Promise<void> = async () => {}
    beforeAll(async () => {
      const { store } = current()
      const save: ArtefactStore['save'] = async (model, ...given) => {
        await beforeSave(model)
        await store.save(model, ...given)
      }
      harness = await startHarness(createArtefactAdapterFactory({ store: { ...store, save }, encryption, grace }))
    })
    afterAll(() => harness.close())
    beforeEach(() => {
      beforeSave = async () => {}
      harness.state.member = 'account-1'
      harness.state.interactions = []
      harness.state.consents.clear()
    })

    it('gives tokens for a code to exactly one of 16 at once', async () => {
      const authorized = await authorize(harness.browser(), 'portal')
      const answers = await Promise.all(sixteen.map(() => exchange(harness.issuer, 'portal', authorized)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).toHaveLength(1)
      for (const { status, body } of answers)
        if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant'])
    })

    it('revokes what a code brought when it comes again later', async () => {
      const authorized = await authorize(harness.browser(), 'portal')
      const { body } = await exchange(harness.issuer, 'portal', authorized)
      await sleep(50)
      expect((await exchange(harness.issuer, 'portal', authorized)).body.error).toBe('invalid_grant')
      expect((await userinfo(harness.issuer, body.access_token)).status).toBe(401)
    })

    it('refuses a code with the wrong verifier, client or redirect address', async () => {
      const browser = harness.browser()
      const wrong = [{ verifier: 'x'.repeat(43) }, { redirectUri: 'https://portal.example/other' }]
      for (const change of wrong) {
        const authorized = { ...(await authorize(browser, 'portal')), ...change }
        expect((await exchange(harness.issuer, 'portal', authorized)).body.error).toBe('invalid_grant')
      }
      const authorized = await authorize(browser, 'portal')
      expect((await exchange(harness.issuer, 'third', authorized)).body.error).toBe('invalid_grant')
    })

    it('gives a first-party application its refresh token without a consent page', async () => {
      const tokens = await signIn(harness, harness.browser(), 'portal', offline)
      expect(tokens.scope.split(' ')).toContain('offline_access')
      expect(tokens.refresh_token).toBeTruthy()
      expect(harness.state.interactions.map(({ prompt }) => prompt)).toEqual(['login'])
      expect((await signIn(harness, harness.browser(), 'portal')).refresh_token).toBeUndefined()
    })

    it('asks the member of a third party for consent, remembers it, and follows its end', async () => {
      const prompts = () => harness.state.interactions.map(({ prompt }) => prompt)
      const browser = harness.browser()
      await signIn(harness, browser, 'third', { scope: 'openid email' })
      expect(prompts()).toEqual(['login', 'consent'])
      await signIn(harness, harness.browser(), 'third', { scope: 'openid email' })
      expect(prompts()).toEqual(['login', 'consent', 'login'])
      await signIn(harness, browser, 'third', { scope: 'openid email profile' })
      expect(prompts().at(-1)).toBe('consent')
      harness.state.consents.clear()
      const { answer } = await authorize(browser, 'third', { scope: 'openid email', prompt: 'none' })
      expect(answer.error).toBe('consent_required')
    })

    it('gives a third party a refresh token only when the member was asked', async () => {
      const browser = harness.browser()
      expect((await signIn(harness, browser, 'third', offline)).refresh_token).toBeUndefined()
      expect((await signIn(harness, browser, 'third', { ...offline, prompt: 'consent' })).refresh_token).toBeTruthy()
    })

    it('rotates the refresh token and keeps sid, amr and auth_time in the ID token', async () => {
      const first = await signIn(harness, harness.browser(), 'portal', offline)
      const { status, body } = await refresh(harness.issuer, 'portal', first.refresh_token)
      expect(status).toBe(200)
      expect(body.refresh_token).not.toBe(first.refresh_token)
      const { sid, amr, auth_time, acr } = claimsOf(first.id_token)
      expect(claimsOf(body.id_token)).toMatchObject({ sid, amr, auth_time, acr })
      expect((await userinfo(harness.issuer, body.access_token)).status).toBe(200)
    })

    it('rotates for exactly one of 16 at once; the others end nothing', async () => {
      const { refresh_token } = await signIn(harness, harness.browser(), 'portal', offline)
      // On a busy machine some would arrive after the first answer has left, and be retries.
      const arrived = Promise.withResolvers<void>()
      let [winners, answered] = [0, 0]
      beforeSave = async (model) => {
        if (model === 'RefreshToken' && ++winners === 1) await arrived.promise
      }
      const one = async () => {
        const answer = await refresh(harness.issuer, 'portal', refresh_token)
        if (++answered === 15) arrived.resolve()
        return answer
      }
      const answers = await Promise.all(sixteen.map(one))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).toHaveLength(1)
      for (const { status, body } of answers)
        if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant'])
      expect((await refresh(harness.issuer, 'portal', won[0]?.body.refresh_token)).status).toBe(200)
    })

    it('answers again when the first answer was lost', async () => {
      const { refresh_token } = await signIn(harness, harness.browser(), 'spa', offline)
      expect((await refresh(harness.issuer, 'spa', refresh_token)).status).toBe(200)
      await sleep(30)
      const again = await refresh(harness.issuer, 'spa', refresh_token)
      expect(again.status).toBe(200)
      expect((await refresh(harness.issuer, 'spa', again.body.refresh_token)).status).toBe(200)
    })

    it('ends the grant when a rotated token comes back after the grace', async () => {
      const { refresh_token } = await signIn(harness, harness.browser(), 'portal', offline)
      const { body } = await refresh(harness.issuer, 'portal', refresh_token)
      grace.retry = 1
      const late = await refresh(harness.issuer, 'portal', refresh_token)
      grace.retry = 600_000
      expect(late.body.error).toBe('invalid_grant')
      expect((await refresh(harness.issuer, 'portal', body.refresh_token)).body.error).toBe('invalid_grant')
      expect((await userinfo(harness.issuer, body.access_token)).status).toBe(401)
    })

    it('issues nothing that works for a grant that ends meanwhile', async () => {
      const { refresh_token = '' } = await signIn(harness, harness.browser(), 'portal', offline)
      const [reached, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      beforeSave = async (model) => {
        if (model !== 'RefreshToken') return
        reached.resolve()
        await ended.promise
      }
      const answer = refresh(harness.issuer, 'portal', refresh_token)
      await reached.promise
      expect(await revoke(harness.issuer, 'portal', refresh_token)).toBe(200)
      ended.resolve()
      const { status, body } = await answer
      expect(status).toBe(200)
      expect((await userinfo(harness.issuer, body.access_token)).status).toBe(401)
      expect((await refresh(harness.issuer, 'portal', body.refresh_token)).body.error).toBe('invalid_grant')
    })

    it('takes either of two secrets, by header or body as registered, and no other', async () => {
      const body = { grant_type: 'client_credentials', scope: 'reports:read' }
      for (const one of secrets) expect((await askForTokens(harness.issuer, 'service', body, one)).status).toBe(200)
      const wrong = await askForTokens(harness.issuer, 'service', body, randomBytes(32).toString('base64url'))
      expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client'])
    })

    it('gives a service only the scopes it was given, and applications no service tokens', async () => {
      const ask = (clientId: string, scope: string) =>
        askForTokens(harness.issuer, clientId, { grant_type: 'client_credentials', scope })
      expect((await ask('service', 'reports:read')).body).toMatchObject({ scope: 'reports:read', expires_in: 600 })
      expect((await ask('service', 'openid')).body.error).toBe('invalid_scope')
      // What nobody knows is left out (RFC 6749 § 3.3).
      expect((await ask('service', 'reports:write')).body).not.toHaveProperty('scope')
      expect((await ask('portal', 'openid')).status).toBe(400)
    })

    it('survives a loss of the process: everything that counts is in the store', async () => {
      const browser = harness.browser()
      const { access_token } = await signIn(harness, browser, 'portal')
      const other = await startHarness(createArtefactAdapterFactory({ store: current().store, encryption, grace }))
      expect((await userinfo(other.issuer, access_token)).status).toBe(200)
      await other.close()
    })

    it('carries no fault', () => expect(harness.state.faults).toEqual([]))
  },
  // What differs between the kinds stands in adapter/contract.test.ts.
  ['single'],
)
