import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { renderSms, type SmsPurpose } from './sms-texts.ts'
import { createTexts, languages } from './texts.ts'

const texts = createTexts(fileURLToPath(new URL('../../locales', import.meta.url)))
const purposes: SmsPurpose[] = ['registration', 'signIn', 'newLetter']
const params = { code: '123456', host: 'anmeldung.bayern.meine.aok.de', application: 'Meine-AOK-Portal' }
const gsm7 = /^[\n\r !-Z_a-z¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü]*$/

describe.each(purposes)('%s', (purpose) => {
  it.each(languages)('is one SMS in %s and ends with the origin-bound line', (language) => {
    const text = renderSms(purpose, params, language, texts)
    expect(text.length).toBeLessThanOrEqual(160)
    expect(text).toMatch(gsm7)
    expect(text.split('\n').at(-1)).toBe('@anmeldung.bayern.meine.aok.de #123456')
  })

  it('stays one SMS whatever the application is called', () => {
    const application =
      'Świętą Gesundheit – „Bewegung“ 🏃 für alle Versicherten und ihre Familien in ganz Bayern'.repeat(3)
    const text = renderSms(purpose, { ...params, application }, 'de', texts)
    expect(text.length).toBeLessThanOrEqual(160)
    expect(text).toMatch(gsm7)
    expect(text).toContain('Geben Sie sie nie weiter.')
  })
})

it('names what the mTAN is for', () => {
  expect(renderSms('signIn', params, 'de', texts)).toContain('Anmeldung bei Meine-AOK-Portal')
  expect(renderSms('registration', params, 'de', texts)).toContain('Registrierung')
  expect(renderSms('newLetter', params, 'en', texts)).toContain('new unlock code')
})
