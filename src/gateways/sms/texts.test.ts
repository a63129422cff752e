import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StartUpError } from '../../errors.ts'
import { createTexts, languages } from '../texts.ts'
import { septetsOf } from './gsm7.ts'
import { checkSmsRoom, renderSms, type SmsPurpose } from './texts.ts'

const texts = createTexts(fileURLToPath(new URL('../../../locales', import.meta.url)))
const purposes: SmsPurpose[] = ['registration', 'signIn', 'newLetter']
const params = { code: '123456', host: 'anmeldung.bayern.meine.aok.de', application: 'Meine-AOK-Portal' }

describe.each(purposes)('%s', (purpose) => {
  it.each(languages)('is one SMS in %s and ends with the origin-bound line', (language) => {
    const text = renderSms(purpose, params, language, texts)
    expect(septetsOf(text)).toBeLessThanOrEqual(160)
    expect(text.split('\n').at(-1)).toBe('@anmeldung.bayern.meine.aok.de #123456')
  })

  it('stays one SMS whatever the application is called', () => {
    // What i18next, GSM 7-bit and the line of the code could stumble over, among all of Unicode.
    const awkward = fc.constantFrom(
      '€',
      '[',
      '|',
      '~',
      '{{code}}',
      '$t(sms.signIn)',
      '\n',
      '\r\n@evil.example #654321',
      '„',
    )
    const name = fc
      .array(fc.oneof(awkward, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })))
      .map((parts) => parts.join(''))
    const code = fc.integer({ min: 0, max: 999_999 }).map((number) => String(number).padStart(6, '0'))
    const property = fc.property(name, code, fc.constantFrom(...languages), (application, given, language) => {
      const text = renderSms(purpose, { ...params, code: given, application }, language, texts)
      expect(septetsOf(text)).toBeLessThanOrEqual(160)
      const lines = text.split(/[\n\r]/)
      expect(lines).toHaveLength(2)
      expect(lines[1]).toBe(`@anmeldung.bayern.meine.aok.de #${given}`)
      expect(lines[0]).toMatch(new RegExp(`^${given} .*(Geben Sie sie nie weiter\\.|Never pass it on\\.)$`))
    })
    fc.assert(property, { numRuns: 400 })
  })
})

it('names what the mTAN is for', () => {
  expect(renderSms('signIn', params, 'de', texts)).toContain('Anmeldung bei Meine-AOK-Portal')
  expect(renderSms('registration', params, 'de', texts)).toContain('Registrierung')
  expect(renderSms('newLetter', params, 'en', texts)).toContain('new unlock code')
})

it('keeps as much of a long name as there is room for', () => {
  const text = renderSms('signIn', { ...params, application: 'Ä'.repeat(200) }, 'de', texts)
  expect(septetsOf(text)).toBe(160)
  // One of two septets does not fit into the last one.
  expect(septetsOf(renderSms('signIn', { ...params, application: '€'.repeat(200) }, 'de', texts))).toBeGreaterThan(158)
})

describe('checkSmsRoom', () => {
  const application = 'Meine AOK'
  it('accepts a host name that leaves room for the short name', () => {
    expect(() => checkSmsRoom({ host: params.host, application }, texts)).not.toThrow()
  })

  it('says how long the host name may be', () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.org`
    let message = ''
    try {
      checkSmsRoom({ host, application }, texts)
    } catch (error) {
      expect(error).toBeInstanceOf(StartUpError)
      message = String(error)
    }
    const most = Number(/at most (\d+) characters/.exec(message)?.[1])
    expect(() => checkSmsRoom({ host: host.slice(0, most), application }, texts)).not.toThrow()
    expect(() => checkSmsRoom({ host: host.slice(0, most + 1), application }, texts)).toThrow(StartUpError)
  })
})
