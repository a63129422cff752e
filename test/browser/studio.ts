import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { startTestApp, type TestApp } from '../support/app.ts'
import { chromiumFlags, chromiumPath } from '../support/machine/chromium.ts'

/** The application with its demo relying party, and Chromium to use it. */
export type Studio = {
  app: TestApp
  /** Opens a browser profile of its own; `close` ends all of them. */
  visit(options?: BrowserContextOptions): Promise<Visit>
  close(): Promise<void>
}

/** One person's browser. `faults`: whatever the browser complained of, and every foreign host that was asked. */
export type Visit = { page: Page; context: BrowserContext; app: TestApp; faults: string[] }

/** Whether this machine can run the browser tests; with `CI=true` they run, or fail. */
export const withoutChromium = Boolean(process.env.TEST_WITHOUT_CHROMIUM) || (!chromiumPath() && !process.env.CI)

/**
 * Starts application and browser. The browser can find `localhost` and these other names of this machine only: nothing reaches
 * another one.
 */
export async function openStudio(variables: Record<string, string> = {}, others: string[] = []): Promise<Studio> {
  const app = await startTestApp(variables)
  const here = ['localhost', ...others].map((host) => `, EXCLUDE ${host}`).join('')
  const args = [...chromiumFlags, `--host-resolver-rules=MAP * ~NOTFOUND${here}`]
  const browser = await chromium.launch({ executablePath: chromiumPath(), args }).catch(async (error) => {
    await app.close()
    throw error
  })
  return {
    app,
    visit: (options) => visit(app, browser, options),
    async close() {
      await browser.close()
      await app.close()
    },
  }
}

async function visit(app: TestApp, browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const viewport = { width: 360, height: 740 }
  const context = await browser.newContext({ locale: 'de-DE', timezoneId: 'Europe/Berlin', viewport, ...options })
  context.setDefaultTimeout(30_000)
  const faults: string[] = []
  watch(context, [new URL(app.issuer).host, new URL(app.demo).host], faults)
  return { page: await context.newPage(), context, app, faults }
}

/** A refused form, a pause or a dead link are pages; the browser logs their status, which is no fault. */
const answeredPage = /the server responded with a status of 4\d\d/

function watch(context: BrowserContext, hosts: string[], faults: string[]): void {
  context.on('request', (request) => {
    const { host, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && !hosts.includes(host)) faults.push(`asked ${host}`)
  })
  context.on('response', (response) => {
    const isPage = response.request().isNavigationRequest()
    if (response.status() >= (isPage ? 500 : 400)) faults.push(`${response.status()} ${response.url()}`)
  })
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || answeredPage.test(message.text())) return
    faults.push(`${message.page()?.url()}: ${message.text()}`)
  })
  context.on('weberror', (error) => faults.push(`${error.page()?.url()}: ${error.error().message}`))
}
