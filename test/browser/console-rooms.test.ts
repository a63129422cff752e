import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleRoutes } from '../../src/admin/console.ts'
import { may, type Role, roles } from '../../src/domain/staff/rights.ts'
import { anything, demoStaff, nextCode } from '../support/staff.ts'
import { expectAccessible } from './look.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

/** A desk, a phone, and the desk at 400 % (WCAG 2.2, 1.4.10: 1280 px become 320). */
const widths = [1280, 360, 320]

/** Not pages: they are downloaded. */
const downloads = ['/audit/:id/signature', '/audit/export']
const pages = consoleRoutes(anything).filter(({ method, path }) => method === 'get' && !downloads.includes(path))
/** Which page an address is; literal paths stand before those with a name in them. */
const byPlace = [...pages].sort((a, b) => Number(a.path.includes(':')) - Number(b.path.includes(':')))
const routeOf = (path: string) =>
  byPlace.find((route) => new RegExp(`^/admin${route.path.replace(/:\w+/g, '[^/]+')}/?$`).test(path))?.path

describe.skipIf(withoutChromium)('every room of the console, for who may see it', () => {
  let studio: Studio
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  const admin = (path = '') => `${studio.app.issuer}/admin${path}`
  async function fits(page: Page, name: string) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      const wide = await page.evaluate('document.documentElement.scrollWidth')
      expect(wide, `${name} at ${width} px`).toBeLessThanOrEqual(width)
    }
  }
  async function isAccessible(page: Page, name: string) {
    await fits(page, name)
    await expectAccessible(page, `${name} at 320 px`)
    await page.setViewportSize({ width: 1280, height: 800 })
    await expectAccessible(page, `${name} at 1280 px`)
  }
  async function signIn(page: Page, role: Role) {
    const login = demoStaff(studio.app).find((each) => each.role === role)
    await page.goto(admin())
    await page.locator('input[name=email]').fill(login?.email ?? '')
    await page.locator('input[name=password]').fill(login?.password ?? '')
    await page.locator('input[name=totp]').fill(await nextCode(login?.totpSecret ?? ''))
    await page.locator('button[type=submit]').first().click()
    await page.locator('nav[aria-label]').first().waitFor()
  }
  /** Finds a member, which no link leads to. */
  async function findMember(page: Page) {
    await page.goto(admin('/members'))
    await page.locator('main input[name=query]').fill('lena.huber')
    await page.locator('main input[name=reason], main textarea[name=reason]').fill('calls')
    await page.locator('main form button').first().click()
    await page.waitForURL(/\/members\/[0-9a-f-]{36}/)
    return page.url()
  }
  const linksOf = (page: Page): Promise<string[]> =>
    page.locator('a[href]').evaluateAll((links) => links.map((link) => (link as unknown as { href: string }).href))

  it.each(roles)('%s', { timeout: 300_000 }, async (role) => {
    const { page, faults } = await studio.visit({ locale: role === 'owner' ? 'en-GB' : 'de-DE' })
    await signIn(page, role)
    const allowed = pages.filter(({ right }) => right === 'signed-in' || may(role, right)).map(({ path }) => path)
    /** What stands beneath a page: a link leads there only while it can be done. */
    const beneath = (route: string) =>
      allowed.filter((each) => route && each.startsWith(`${route}/`)).map((each) => each.slice(route.length))
    const waiting = [admin()]
    if (may(role, 'members:read')) waiting.push(await findMember(page))
    const seen = new Set<string>()
    for (let address = waiting.shift(); address; address = waiting.shift()) {
      const route = routeOf(new URL(address).pathname)
      if (route === undefined || seen.has(route)) continue
      seen.add(route)
      await page.goto(address)
      // Pages of the others hold no more than those of the owner, in the longer words.
      await (role === 'owner' ? isAccessible : fits)(page, `${role}: ${route}`)
      const place = address.split(/[?#]/, 1)[0]
      waiting.push(...(await linksOf(page)), ...beneath(route).map((rest) => `${place}${rest}`))
    }
    expect([...seen].sort()).toEqual(allowed.sort())
    await page.goto(admin('/nowhere'))
    await isAccessible(page, `${role}: an address of nothing`)
    const closed = pages.find(({ right, path }) => right !== 'signed-in' && !may(role, right) && !path.includes(':'))
    if (closed) {
      await page.goto(admin(closed.path))
      await isAccessible(page, `${role}: a room that is not his`)
    }
    expect(faults).toEqual([])
  })

  it('the door', async () => {
    const { page } = await studio.visit()
    await page.goto(admin('/sign-in'))
    await isAccessible(page, 'sign-in')
    await page.locator('input[name=email]').fill('nobody@example.org')
    await page.locator('input[name=password]').fill('wrong')
    await page.locator('input[name=totp]').fill('000000')
    await page.locator('button[type=submit]').first().click()
    await page.locator('[aria-invalid=true]').first().waitFor()
    await isAccessible(page, 'sign-in, refused')
    await page.goto(admin('/join/not-a-link'))
    await isAccessible(page, 'a link that is over')
  })
})
