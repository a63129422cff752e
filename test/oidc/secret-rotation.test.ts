import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInForce } from '../../src/domain/clients/secrets.ts'
import { runCommand } from '../cli/installation.ts'
import { backends } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { newSecret } from '../support/clients.ts'
import { waitFor } from '../support/wait.ts'
import { lena } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications, useSecret } from './support/applications.ts'

describe.skipIf(!backends.includes('servers'))('a secret that is made here', () => {
  let world: Applications
  let browser: ReturnType<typeof createClient>
  beforeAll(async () => {
    world = await startWithApplications('servers')
    browser = createClient()
  })
  afterAll(() => world?.close())

  const command = async (...args: string[]) => {
    const { out, err } = await runCommand([...args, '--json'], {
      variables: { NODE_ENV: 'development', OPERATOR: 'k.weber', ...world.app.storage },
      osAccount: () => 'kweber',
    })
    return JSON.parse(out || err)
  }
  const grants = () => world.post('token', 'rotating', { grant_type: 'refresh_token', refresh_token: 'none' })
  const isKnown = async () => (await grants()).body.error === 'invalid_grant'

  const statusWith = async (secret: string) => {
    const authorization = `Basic ${Buffer.from(`rotating:${secret}`).toString('base64')}`
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' })
    return (await fetch(`${world.app.issuer}/oidc/token`, { method: 'POST', headers: { authorization }, body })).status
  }

  it('is replaced while sign-ins go on', async () => {
    const first = await command('secrets:add', 'rotating', '--name', 'Erstes')
    useSecret('rotating', first.secret)
    await waitFor(isKnown, 10)
    await browser.get(world.url('rotating'))
    await signInHere(browser, world.app, lena)
    const answers: unknown[] = []
    let over = false
    const application = (async () => {
      while (!over) {
        const arrived = await browser.get(world.url('rotating'))
        const tokens = await world.tokens('rotating', arrived)
        answers.push(tokens.error ?? 'signed in')
      }
    })()
    const many = (count: number) => waitFor(() => answers.length > count, 30)
    await many(2)
    const second = await command('secrets:add', 'rotating', '--name', 'Zweites')
    // Every process goes by it within five seconds.
    await waitFor(async () => (await statusWith(second.secret)) !== 401, 10)
    useSecret('rotating', second.secret)
    await many(answers.length + 2)
    await command('secrets:revoke', 'rotating', first.id)
    await many(answers.length + 2)
    await waitFor(async () => (await statusWith(first.secret)) === 401, 10)
    await many(answers.length + 2)
    over = true
    await application
    expect(new Set(answers)).toEqual(new Set(['signed in']))
    const listed = await command('secrets:list', 'rotating')
    expect(listed.secrets).toMatchObject([{ id: second.id, lastUsedAt: expect.any(String) }])
  })

  it('is refused from its end on', async () => {
    const { secret } = await command('secrets:add', 'rotating', '--expires', '1')
    useSecret('rotating', secret)
    await waitFor(isKnown, 10)
    await world.app.advance('P1DT1H')
    expect(await grants()).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  it('is in force before its end only', () => {
    const end = new Date('2026-11-24T09:00:00Z')
    const at = (offset: number) => isInForce(newSecret({ expiresAt: end }), new Date(end.getTime() + offset))
    expect([at(-1), at(0), at(1), isInForce(newSecret(), end)]).toEqual([true, false, false, true])
  })
})
