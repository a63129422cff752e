import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withSettings } from '../../scripts/settings-reference.ts'

const document = readFileSync('docs/operate/configuration.md', 'utf8')

test('the table of settings is current', () => {
  expect(withSettings(document)).toBe(document)
})

test.each([
  ['a missing setting', (text: string) => text.replace(/^\| `PORT` .*\n/m, '')],
  ['a wrong default', (text: string) => text.replace('| `3000` |', '| `8080` |')],
  ['a setting that is none', (text: string) => text.replace('| `HOST` |', '| `HOSTS` |')],
  ['a wrong column file', (text: string) => text.replace('| `SMTP_URL` | — | yes', '| `SMTP_URL` | — | no')],
])('%s is mended from the schema', (_name, plant) => {
  expect(plant(document)).not.toBe(document)
  expect(withSettings(plant(document))).toBe(document)
})

test('a document without the marks is refused', () => {
  expect(() => withSettings('# Configuration')).toThrow('marks')
})
