import { afterAll, beforeAll, expect, it } from 'vitest'
import { createArtefactAdapterFactory } from '../../src/oidc/adapters/artefact-adapter.ts'
import type { ArtefactStore } from '../../src/stores/sign-in/oidc-artefacts.ts'
import { describeOnEveryStore, encryption } from './support/adapters.ts'
import { authorizationUrl, authorize } from './support/flows.ts'
import { type Harness, startHarness } from './support/harness.ts'

type Step = `${'save' | 'replace' | 'remove' | 'find'} ${string}`

/** A store that stops before the first of some steps, and goes on when it is told to. */
function createHoldingStore(store: ArtefactStore) {
  let held: { steps: Step[]; reached(): void; released: Promise<void> } | undefined
  const stopAt = async (step: Step) => {
    if (!held?.steps.includes(step)) return
    const { reached, released } = held
    held = undefined
    reached()
    await released
  }
  const holding: ArtefactStore = {
    ...store,
    async save(model, ...rest) {
      await stopAt(`save ${model}`)
      return await store.save(model, ...rest)
    },
    async replace(model, ...rest) {
      await stopAt(`replace ${model}`)
      return await store.replace(model, ...rest)
    },
    async remove(model, ...rest) {
      await stopAt(`remove ${model}`)
      return await store.remove(model, ...rest)
    },
    async find(model, ...rest) {
      await stopAt(`find ${model}`)
      return await store.find(model, ...rest)
    },
  }
  /** Runs `meanwhile` while the request that `begin` sends stands before the step. */
  const during = async (steps: Step[], begin: () => Promise<unknown>, meanwhile: () => Promise<unknown>) => {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    held = { steps, reached: reached.resolve, released: released.promise }
    const request = begin()
    // Without the step, what was to be held has just happened.
    await Promise.race([reached.promise, request])
    await meanwhile()
    released.resolve()
    await request
  }
  return { holding, during }
}

describeOnEveryStore(
  'a session that was signed out of stays ended',
  (current) => {
    let harness: Harness
    let during: ReturnType<typeof createHoldingStore>['during']
    beforeAll(async () => {
      const store = createHoldingStore(current().store)
      during = store.during
      harness = await startHarness(createArtefactAdapterFactory({ store: store.holding, encryption }))
    })
    afterAll(() => harness?.close())

    const signedIn = async () => {
      harness.state.member = 'account-1'
      harness.state.consents.clear()
      const browser = harness.browser()
      expect((await authorize(browser, 'portal')).answer).toHaveProperty('code')
      return browser
    }
    type Browser = Awaited<ReturnType<typeof signedIn>>
    const question = async (browser: Browser) => await (await browser.request('/oidc/logout?client_id=portal')).text()
    const standing = async (browser: Browser) => (await authorize(browser, 'portal', { prompt: 'none' })).answer

    it.each<Step>(['save Session', 'save RenewedSession', 'remove Session', 'find EndedSession'])(
      'when the end of a consent in another tab renews it (%s)',
      async (step) => {
        const browser = await signedIn()
        const page = await question(browser)
        const consent = () => authorize(browser, 'third', { prompt: 'consent' })
        await during([step], consent, () => browser.submit(page, { logout: 'yes' }))
        expect(await standing(browser)).toMatchObject({ error: 'login_required' })
      },
    )

    it('when one application of it is left at the same time', async () => {
      const browser = await signedIn()
      const page = await question(browser)
      const cookie = browser
        .cookies()
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ')
      const leave = () => browser.submit(page)
      await during(['save Session', 'replace Session'], leave, () => browser.submit(page, { logout: 'yes' }))
      // By the cookie that the browser had: leaving gives no other.
      const { url } = authorizationUrl('portal', { prompt: 'none' })
      const silent = await fetch(`${harness.issuer}${url}`, { headers: { cookie }, redirect: 'manual' })
      expect(silent.headers.get('location')).toContain('error=login_required')
    })

    it('when another account takes its place', async () => {
      const browser = await signedIn()
      const consent = () => authorize(browser, 'third', { prompt: 'consent' })
      await during(['save Session'], consent, async () => {
        harness.state.member = 'account-2'
        const { response } = await authorize(browser, 'portal', { prompt: 'login' })
        await browser.submit(await response.text(), {})
      })
      expect(await standing(browser)).toMatchObject({ error: 'login_required' })
    })

    it('and one that is renewed by two tabs at once goes on', async () => {
      const browser = await signedIn()
      const consent = (clientId: string) => () => authorize(browser, clientId, { prompt: 'consent' })
      await during(['remove Session'], consent('third'), consent('fourth'))
      expect(await standing(browser)).toHaveProperty('code')
    })
  },
  ['single'],
)
