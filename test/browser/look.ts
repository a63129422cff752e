import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = join(import.meta.dirname, '../../screenshots')
mkdirSync(folder, { recursive: true })
/** Six pictures of a page take as long as all else that is done with it, and after a run of CI nobody looks at them. */
const pictures = process.env.CI !== 'true'

const widths = [360, 768, 1280]
const schemes = ['light', 'dark'] as const

/**
 * Looks at the page as design.md asks: a picture for each width, light and dark, into `screenshots/` (not with `CI=true`), no
 * sideways scrolling, and no violation that axe finds (WCAG 2.2 A and AA, and the contrast of 7:1 that design.md sets).
 */
export async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 360, height: 740 }
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of widths) {
      await page.setViewportSize({ width, height: width < 700 ? 740 : 900 })
      if (pictures) await photograph(page, `${name}-${width}-${colorScheme}.png`)
      expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} at ${width}`).toBeLessThanOrEqual(
        width,
      )
    }
    await expectAccessible(page, `${name}, ${colorScheme}`, colorScheme === 'light' ? everything : contrast)
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  await page.setViewportSize(before)
}

const photograph = (page: Page, file: string) =>
  page.screenshot({ path: join(folder, file), fullPage: true, animations: 'disabled' })

type Violation = { id: string; nodes: { target: string[]; failureSummary: string }[] }

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const everything = {
  runOnly: { type: 'tag', values: tags },
  rules: { 'color-contrast-enhanced': { enabled: true } },
}
/** What another colour scheme can change: the document is the same. */
const contrast = {
  runOnly: { type: 'rule', values: ['color-contrast', 'color-contrast-enhanced', 'link-in-text-block'] },
}

/** Runs axe through the debugger's own channel, so that the page's content security policy stays as it is. */
export async function expectAccessible(page: Page, name: string, options: object = everything): Promise<void> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe)
  const result = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as { violations: Violation[] }
  const found = result.violations.map(({ id, nodes }) => ({
    id,
    nodes: nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`),
  }))
  expect(found, `axe on ${name}`).toEqual([])
}

/** Checks that a refused form has the focus on its summary and that a link of the summary leads to the field. */
export async function expectFocusOnSummary(page: Page, field: string): Promise<void> {
  const focused = () => page.evaluate('document.activeElement?.hasAttribute("data-error-summary")')
  await expect.poll(focused, { message: `focus of ${page.url()}` }).toBe(true)
  await page.locator(`[data-error-summary] a[href="#${field}"]`).click()
  expect(await page.evaluate('document.activeElement?.id')).toBe(field)
}
