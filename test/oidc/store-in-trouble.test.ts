import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends } from '../support/app.ts'
import { createClient, type Page } from '../support/client.ts'
import { holdLock } from '../support/stores/database.ts'
import { createServerDatabase, type Own } from '../support/stores/server-database.ts'
import { lena } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications } from './support/applications.ts'

describe.skipIf(!backends.includes('servers'))('a database that keeps one waiting too long', () => {
  let own: Own
  let world: Applications
  beforeAll(async () => {
    own = await createServerDatabase()
    world = await startWithApplications('embedded', { DATABASE_URL: own.url, DATABASE_LOCK_TIMEOUT: '200' })
  })
  afterAll(async () => {
    await world?.close()
    await own?.drop()
  })

  const whileLocked = async (table: string, work: () => Promise<Page>) => {
    const held = await holdLock(own.url, `lock table ${table} in access exclusive mode`)
    try {
      return await work()
    } finally {
      await held.release()
    }
  }

  it('does not pass for a sign-in that has ended: its page asks for a moment, and goes on', async () => {
    const browser = createClient()
    const page = await browser.get(world.url('own'))
    const during = await whileLocked('oidc_artefacts', () => browser.get(page.url))
    expect([during.status, during.headers.get('retry-after')]).toEqual([503, '10'])
    await browser.get(page.url)
    expect((await signInHere(browser, world.app, lena)).url).toContain('code=')
  })

  it('does not pass for an ID token of nobody we know: the sign-out asks for a moment, and goes on', async () => {
    const browser = createClient()
    await browser.get(world.url('own'))
    expect((await signInHere(browser, world.app, lena)).url).toContain('code=')
    // Of an application that this process was not asked about before, so that it looks for it.
    const token = new UnsecuredJWT({}).setAudience('third').encode()
    const url = `${world.app.issuer}/oidc/logout?${new URLSearchParams({ id_token_hint: token })}`
    const during = await whileLocked('clients', () => browser.get(url))
    expect([during.status, during.headers.get('retry-after')]).toEqual([503, '10'])
    await browser.get(url)
    expect((await browser.submit({}, { button: 'Abmelden' })).url).toContain('/oidc/logout/success')
  })
})
