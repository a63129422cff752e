import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFlags, chromiumPath } from '../../support/machine/chromium.ts'
import { type Demo, startDemo } from './demo.ts'

const executable = chromiumPath()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let demo: Demo
let browser: Browser

describe.skipIf(!executable && !process.env.CI)('in Chromium', () => {
  beforeAll(async () => {
    demo = await startDemo()
    browser = await chromium.launch({ executablePath: executable, args: chromiumFlags })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.close()
  })

  it('signs in and out in the browser application under its strict policy', async () => {
    const { page, problems } = await openPage()
    await page.goto(`${demo.base}/spa.html`)
    await page.getByRole('button', { name: 'Anmelden' }).click()
    await passIssuer(page)
    await page.waitForURL(`${demo.base}/spa.html`)
    await expect.poll(() => page.locator('#person [data-claim=name]').textContent()).toBe('Lena Huber')
    expect(await page.locator('#id-token [data-claim=aud]').textContent()).toBe('demo-spa')
    await page.getByRole('button', { name: 'Angaben neu abrufen' }).click()
    await expect.poll(() => page.locator('#status').textContent()).toBe('Die Angaben wurden neu abgerufen.')
    await checkAccessibility(page)
    await page.reload()
    await expect.poll(() => page.locator('#person [data-claim=name]').textContent()).toBe('Lena Huber')
    await page.getByRole('button', { name: 'Abmelden' }).click()
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.waitForURL(`${demo.base}/spa.html`)
    await expect.poll(() => page.locator('#status').textContent()).toBe('Sie sind abgemeldet.')
    expect(await page.getByRole('button', { name: 'Anmelden' }).isVisible()).toBe(true)
    expect(problems).toEqual([])
  })

  it('says in the browser application that a sign-in was cancelled', async () => {
    const { page } = await openPage()
    await page.goto(`${demo.base}/spa.html`)
    await page.getByRole('button', { name: 'Anmelden' }).click()
    await page.getByRole('link', { name: /cancel/i }).click()
    await expect.poll(() => page.locator('#status').textContent()).toMatch(/\(access_denied\)/)
    expect(page.url()).toBe(`${demo.base}/spa.html`)
  })

  it('signs in, renews and signs out at the portal, with an answer posted as a form', async () => {
    const { page, problems } = await openPage()
    await page.goto(`${demo.base}/login?response_mode=form_post`)
    await passIssuer(page)
    await page.waitForURL(`${demo.base}/signed-in`)
    await checkAccessibility(page)
    await page.getByRole('button', { name: 'Token erneuern' }).click()
    expect(await page.getByRole('status').textContent()).toBe('Die Token wurden erneuert.')
    await page.getByRole('link', { name: 'Neu anmelden (max_age=0)' }).click()
    await signInAtIssuer(page)
    await page.waitForURL(`${demo.base}/signed-in`)
    await page.getByRole('button', { name: 'Abmelden' }).click()
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.getByText('Sie sind abgemeldet.').waitFor()
    expect(problems).toEqual([])
  })

  it('has no accessibility faults on its other pages, light, dark and narrow', async () => {
    const { page } = await openPage()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const path of ['/', '/third-party', '/service', '/login?prompt=none', '/nowhere']) {
        await page.goto(demo.base + path)
        await checkAccessibility(page)
      }
    }
    await page.setViewportSize({ width: 320, height: 640 })
    await page.goto(demo.base)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  })
})

/** Opens a page of a fresh browser profile and collects what the application's own pages complain of. */
async function openPage(): Promise<{ page: Page; problems: string[] }> {
  const page = await (await browser.newContext()).newPage()
  const problems: string[] = []
  const ours = () => page.url().startsWith(demo.base)
  page.on('console', (message) => void (message.type() === 'error' && ours() && problems.push(message.text())))
  page.on('pageerror', (error) => void (ours() && problems.push(error.message)))
  // The bare issuer's development pages want a font from elsewhere; nothing of ours may leave the machine.
  await page.route(/.*/, async (route) => {
    const { hostname } = new URL(route.request().url())
    if (hostname === 'localhost') return await route.continue()
    if (ours()) problems.push(`asked ${hostname}`)
    await route.abort()
  })
  return { page, problems }
}

async function passIssuer(page: Page): Promise<void> {
  await signInAtIssuer(page)
  await page.getByRole('button', { name: 'Continue' }).click()
}

async function signInAtIssuer(page: Page): Promise<void> {
  await page.locator('input[name=login]').fill('lena.huber')
  await page.locator('input[name=password]').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
}

async function checkAccessibility(page: Page): Promise<void> {
  // Playwright's own channel: the pages' content security policy stays as it is.
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  expect(violations.map(({ id, nodes }) => [page.url(), id, nodes.map(({ html }) => html)])).toEqual([])
}
