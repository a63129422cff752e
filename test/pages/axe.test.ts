import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFlags, chromiumPath } from '../support/machine/chromium.ts'
import { samples } from './samples.ts'
import { servePages } from './serve-pages.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const standards = ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const withoutChromium = Boolean(process.env.TEST_WITHOUT_CHROMIUM) || (!chromiumPath() && !process.env.CI)

let server: Server
let browser: Browser

/** Every state once on a phone in the light; every view once more on a desk in the dark, in the other language. */
const rounds = [
  { lang: 'de', width: 360, colorScheme: 'light' as const, pages: samples },
  {
    lang: 'en',
    width: 1280,
    colorScheme: 'dark' as const,
    pages: [...new Map(samples.map((each) => [each.view, each])).values()],
  },
]

describe.skipIf(withoutChromium)(
  'every page is accessible, breaks no policy and fits a screen of 320 px (400 % zoom)',
  () => {
    beforeAll(async () => {
      server = await servePages()
      browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumFlags })
    })

    afterAll(async () => {
      await browser?.close()
      server?.close()
    })

    it.each(rounds)(
      '$lang, $width px, $colorScheme',
      async ({ lang, width, colorScheme, pages }) => {
        const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
        await context.addInitScript(axeSource)
        const page = await context.newPage()
        const faults: string[] = []
        page.on('pageerror', (error) => faults.push(`script: ${error.message}`))
        page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
        for (const { name } of pages) {
          await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}?lang=${lang}`)
          faults.push(...(await inspect(page)).map((fault) => `${name}: ${fault}`))
        }
        await context.close()
        expect(faults).toEqual([])
      },
      120_000,
    )
  },
)

async function inspect(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(
    (tags) =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({ runOnly: tags }),
    standards,
  )
  const faults = violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  const width = page.viewportSize()?.width ?? 0
  await page.setViewportSize({ width: 320, height: 800 })
  const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
  await page.setViewportSize({ width, height: 800 })
  return overflow > 0 ? [...faults, `${overflow} px wider than a screen of 320 px`] : faults
}
