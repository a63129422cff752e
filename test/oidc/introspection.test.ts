import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { lena } from '../support/walk.ts'
import { type Applications, claimsIn, signInHere, startWithApplications } from './support/applications.ts'

let world: Applications
type Tokens = Awaited<ReturnType<Applications['tokens']>>
let own: Tokens
let third: Tokens
beforeAll(async () => {
  world = await startWithApplications()
  const browser = createClient()
  await browser.get(world.url('own'))
  own = await world.tokens('own', await signInHere(browser, world.app, lena))
  await browser.get(world.url('third'))
  third = await world.tokens('third', await browser.submit({}, { button: 'Zustimmen' }))
})
afterAll(() => world?.close())

const hints = [undefined, 'access_token', 'refresh_token']
const inactive = { status: 200, body: { active: false } }

it('another application’s refresh token is inactive for everybody, whatever hint is sent', async () => {
  for (const hint of hints) {
    for (const asking of ['guard', 'outside', 'stranger', 'third'])
      expect(await world.introspect(asking, own.refresh_token, hint), asking).toEqual(inactive)
    expect(await world.introspect('own', third.refresh_token, hint)).toEqual(inactive)
  }
  expect(await world.userinfo(own.refresh_token)).toMatchObject({ status: 401 })
})

it('the owner reads of its refresh token what it is', async () => {
  for (const hint of hints)
    expect((await world.introspect('own', own.refresh_token, hint)).body).toMatchObject({
      active: true,
      token_type: 'refresh_token',
      client_id: 'own',
      sub: claimsIn(own.id_token).sub,
    })
})

it('an access token says whose it is, for whom, of what type and since when', async () => {
  for (const asking of ['guard', 'outside', 'own'])
    for (const hint of hints) {
      const { body } = await world.introspect(asking, own.access_token, hint)
      const { sub, auth_time, acr } = claimsIn(own.id_token)
      expect(body).toMatchObject({ active: true, token_type: 'Bearer', client_id: 'own', sub, auth_time, acr })
    }
  const { body } = await world.introspect('guard', third.access_token)
  expect(body).toMatchObject({ active: true, client_id: 'third', sub: claimsIn(third.id_token).sub })
  expect(body.sub).not.toBe(claimsIn(own.id_token).sub)
})

it('a service’s own token has no person', async () => {
  const { body } = await world.post('token', 'stranger', { grant_type: 'client_credentials' })
  const answer = await world.introspect('guard', String(body.access_token))
  expect(answer.body).toMatchObject({ active: true, token_type: 'Bearer', client_id: 'stranger' })
  expect(answer.body).not.toHaveProperty('sub')
})

it('who guards nothing learns nothing, and nobody revokes what is another’s', async () => {
  for (const asking of ['stranger', 'third']) expect(await world.introspect(asking, own.access_token)).toEqual(inactive)
  for (const token of [own.refresh_token, own.access_token])
    for (const asking of ['guard', 'outside', 'stranger', 'third'])
      expect((await world.revoke(asking, token)).status, asking).toBe(400)
  expect((await world.introspect('guard', own.access_token)).body).toMatchObject({ active: true })
  expect((await world.introspect('own', own.refresh_token)).body).toMatchObject({ active: true })
})

it('a refresh token that was used is inactive for its owner, too', async () => {
  const { body } = await world.refresh('own', own.refresh_token)
  await world.refresh('own', String(body.refresh_token))
  expect(await world.introspect('own', own.refresh_token)).toEqual(inactive)
})
