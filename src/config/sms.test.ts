import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readEnvironment } from './environment.ts'
import { loadSms } from './sms.ts'

const shipped = fileURLToPath(new URL('../../config', import.meta.url))
const secrets = {
  SMS_FIRST_TOKEN: 'token-1',
  SMS_FIRST_RECEIPTS: 'receipts-1',
  SMS_SECOND_USER: 'aok',
  SMS_SECOND_PASSWORD: 'secret',
}
/** The example of the shipped file, without its comment marks. */
const example = readFileSync(join(shipped, 'sms.yaml'), 'utf8')
  .split('\n')
  .slice(3)
  .filter((line) => line !== 'gateways: {}')
  .map((line) => line.replace(/^# ?/, ''))
  .join('\n')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aok-'))
  cpSync(join(shipped, 'sms.yaml'), join(folder, 'sms.yaml'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const load = (text = example, variables: Record<string, string> = {}) => {
  writeFileSync(join(folder, 'sms.yaml'), text)
  const given = { SMS_DRIVER: 'gateways', ...secrets, ...variables }
  return loadSms(readEnvironment(given).environment, folder, given)
}
const change = (from: string, to: string) => {
  expect(example).toContain(from)
  return example.replace(from, to)
}

it('ships an example that works, with the secrets filled in', () => {
  const config = load()
  expect(config).toMatchObject({
    driver: 'gateways',
    gateways: {
      first: { headers: { Authorization: 'Bearer token-1', 'Idempotency-Key': '{{id}}' }, timeout: 4, price: 7.5 },
      second: { systemId: 'aok', password: 'secret', window: 10 },
    },
  })
})

it('reads the file only where the settings ask for it', () => {
  writeFileSync(join(folder, 'sms.yaml'), 'nonsense: [')
  expect(loadSms(readEnvironment({}).environment, folder, {})).toEqual({ driver: 'postbox' })
  const plain = { SMS_DRIVER: 'http', SMS_GATEWAY_URL: 'https://sms.example.org/' }
  expect(loadSms(readEnvironment(plain).environment, folder, {})).toEqual({
    driver: 'http',
    gatewayUrl: 'https://sms.example.org/',
  })
})

it.each([
  ['no gateway', 'gateways: {}', /none is set/],
  ['a route to nobody', change('gateways: [second, first]', 'gateways: [third]'), /third is no gateway/],
  ['no route for the rest', change("countries: '*'", 'countries: [DE]'), /needs countries: '\*'/],
  ['times that would send twice', change('timeout: 4', 'timeout: 8'), /more than 9 s/],
  [
    'an unknown placeholder',
    change("text: '{{text}}'", "text: '{{txt}}'"),
    /first\.body\.fields: \{\{txt\}\} is unknown/,
  ],
  [
    'a number in a header',
    change("Idempotency-Key: '{{id}}'", "X-To: '{{to}}'"),
    /first\.headers: \{\{to\}\} is unknown/,
  ],
  [
    'a secret in the file',
    change('password: { from: env:SMS_SECOND_PASSWORD }', 'password: geheim'),
    /second\.password/,
  ],
  ['a wrong country', change('AT: 8.2', 'Austria: 8.2'), /first\.prices/],
  ['a sender too long', change('sender: MeineAOK', 'sender: MeineAOKBayern'), /first\.sender/],
  ['a pattern that is none', change("matches: '^(", "matches: '^(("), /no regular expression/],
])('names %s', (_, text, fault) => {
  expect(() => load(text)).toThrow(fault)
})

it('names a missing secret and never shows a given one', () => {
  expect(() => load(example, { SMS_FIRST_TOKEN: '' })).toThrow(
    /first\.headers\.Authorization: env:SMS_FIRST_TOKEN is not set/,
  )
  expect(() => load(example, { SMS_FIRST_TOKEN: 'geheim{{to}}' })).toThrow(/must not contain/)
  expect(() => load(example, { SMS_FIRST_TOKEN: 'geheim{{to}}' })).not.toThrow(/geheim/)
})
