import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { freshNumbers, importMembers } from '../support/register.ts'
import { sendUnseen, signInStaff, submitTo } from '../support/staff.ts'
import { makeActive, somebody } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications } from './support/applications.ts'

let world: Applications
const numbers = freshNumbers(1, 'V')
beforeAll(async () => {
  world = await startWithApplications()
  await importMembers(
    world.app,
    numbers.map((insuranceNumber) => ({ insuranceNumber })),
  )
})
afterAll(() => world?.close())

it('signs a member out of everything by the help desk, who signs in anew at once', async () => {
  const person = somebody(numbers[0] as string)
  await makeActive(world.app, person)
  const signIn = async () => {
    const browser = createClient()
    await browser.get(world.url('own'))
    return { browser, tokens: await world.tokens('own', await signInHere(browser, world.app, person)) }
  }
  const { browser, tokens } = await signIn()
  expect((await world.introspect('guard', tokens.access_token)).body).toMatchObject({ active: true })

  const staff = await signInStaff(world.app, 'support')
  await staff.get(`${world.app.issuer}/admin/members`)
  const page = await submitTo(staff, '/admin/members', { query: person.username, reason: 'Handy verloren' })
  const done = await sendUnseen(staff, `${page.url}/sign-out`, { reason: 'Handy verloren' })
  expect(done.$('.console-done').text()).toContain('überall abgemeldet')

  for (const token of [tokens.access_token, tokens.refresh_token])
    expect((await world.introspect('guard', token)).body).toEqual({ active: false })
  expect((await world.userinfo(tokens.access_token)).status).toBe(401)
  expect(await world.refresh('own', tokens.refresh_token)).toMatchObject({ status: 400 })
  await browser.get(world.url('own', { prompt: 'none' }))
  expect(world.answer(browser.page())).toMatchObject({ error: 'login_required' })
  // Also within the same second.
  const after = await signIn()
  expect((await world.userinfo(after.tokens.access_token)).status).toBe(200)
})
