import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient, type Page } from '../support/client.ts'
import { ask } from '../support/stores/database.ts'
import { lena } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications } from './support/applications.ts'

let world: Applications
beforeAll(async () => {
  world = await startWithApplications()
})
afterAll(() => world?.close())

const sixteen = Array.from({ length: 16 })
const events = () => ask(world.app, "select 1 from audit_events where type = 'consent_granted'")

/** Brings a browser to the consent page. */
async function toConsent() {
  const browser = createClient()
  await browser.get(world.url('third'))
  const page = await signInHere(browser, world.app, lena)
  expect(page.url).toMatch(/einwilligung$/)
  return { browser, page }
}

/** Sends the page's forms as they stand now, from the browser as it is now; redirects are not followed. */
function sender(browser: ReturnType<typeof createClient>) {
  const agreement = browser.form({}, { button: 'Zustimmen' })
  const refusal = browser.form({}, { button: 'Abbrechen' })
  const jar = [...browser.cookies.values()].filter(({ host }) => host === new URL(world.app.issuer).host)
  const headersFor = (url: string) => ({
    'Content-Type': 'application/x-www-form-urlencoded',
    cookie: jar
      .filter(({ path }) => new URL(url).pathname.startsWith(path))
      .map(({ value }) => value)
      .join('; '),
    origin: world.app.issuer,
    accept: 'text/html',
  })
  const read = async (response: Response) => {
    const text = await response.text()
    return { status: response.status, location: response.headers.get('location') ?? '', text }
  }
  const send = async ({ target, body }: typeof agreement) =>
    read(await fetch(target, { method: 'POST', body, headers: headersFor(target), redirect: 'manual' }))
  return {
    click: () => send(agreement),
    refuse: () => send(refusal),
    follow: async (url: string) => read(await fetch(url, { headers: headersFor(url), redirect: 'manual' })),
  }
}

it('a consent that is sent 16 times at once gives one event, one code, and 16 answers that lead on', async () => {
  const { browser } = await toConsent()
  const { click, follow } = sender(browser)
  const clicks = await Promise.all(sixteen.map(click))
  for (const answer of clicks) expect(answer).toMatchObject({ status: 303, location: clicks[0]?.location })
  expect(await events()).toHaveLength(1)

  const ends = await Promise.all(clicks.map(({ location }) => follow(location)))
  const [arrived, ...others] = ends.sort((a, b) => a.status - b.status)
  expect(new URL(arrived?.location ?? '').searchParams.get('code')).toBeTruthy()
  for (const other of others) {
    expect(other.status).toBe(410)
    expect(other.text).toContain('class="button"')
  }
  const page = { url: arrived?.location } as Page
  expect(await world.tokens('third', page)).toHaveProperty('access_token')

  const late = await click()
  expect(late.status).toBe(410)
  expect(late.text).toContain('class="button"')
  expect(await events()).toHaveLength(1)
})

it('the way back to a consent that was given, or refused, leads on', async () => {
  const { browser, page } = await toConsent()
  await browser.submit({}, { button: 'Zustimmen' })
  expect(world.answer(browser.page())).toHaveProperty('code')
  const back = await browser.get(page.url)
  expect(back).toMatchObject({ status: 410, heading: 'Diese Anmeldung ist schon abgeschlossen' })
  expect(back.$('a.button').attr('href')).toBeTruthy()

  const second = await toConsent()
  const cancel = second.browser.form({}, { button: 'Abbrechen' })
  await second.browser.submit({}, { button: 'Abbrechen' })
  expect(world.answer(second.browser.page())).toMatchObject({ error: 'access_denied' })
  const again = await second.browser.post(cancel.target, cancel.body)
  expect(again.status).toBe(410)
  expect(again.$('a.button').attr('href')).toBeTruthy()
})

it('agreeing and refusing at once end in one answer', async () => {
  const before = (await events()).length
  const { browser } = await toConsent()
  const { click, refuse, follow } = sender(browser)
  const answers = await Promise.all([click(), refuse()])
  expect(answers.map(({ status }) => status)).toEqual([303, 303])
  const ends = await Promise.all(answers.map(({ location }) => follow(location)))
  expect(ends.filter(({ status }) => status === 303)).toHaveLength(1)
  expect((await events()).length - before).toBeLessThanOrEqual(1)
})
