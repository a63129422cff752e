import { readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as cheerio from 'cheerio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTexts, languages } from '../../src/gateways/texts.ts'
import { samples } from './samples.ts'
import { servePages, viewsDir } from './serve-pages.ts'

let server: Server
let base: string

beforeAll(async () => {
  server = await servePages()
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => server.close())

const pages = languages.flatMap((lang) => samples.map((sample) => ({ lang, ...sample })))

async function open(name: string, lang: string) {
  const response = await fetch(`${base}/${name}?lang=${lang}`)
  return { status: response.status, $: cheerio.load(await response.text()) }
}

describe.each(pages)('$name in $lang', ({ name, lang, locals }) => {
  it('is a whole page that names its step', async () => {
    const { status, $ } = await open(name, lang)
    expect(status).toBe(200)
    expect($('html').attr('lang')).toBe(lang)
    expect($('h1')).toHaveLength(1)
    expect($('title').text()).toContain($('h1').text())
    expect($('main').text()).not.toMatch(/\{\{|undefined|\[object|NaN|Invalid Date/)
    for (const channel of ['tel:+498002767676', 'mailto:info@service.by.aok.de'])
      expect($(`footer a[href="${channel}"]`)).toHaveLength(1)
  })

  it('keeps to the content security policy', async () => {
    const { $ } = await open(name, lang)
    expect($('style, [style], script:not([src])').toArray()).toEqual([])
    const handlers = $('*').filter(
      (_, element) => 'attribs' in element && Object.keys(element.attribs).some((key) => /^on/.test(key)),
    )
    expect(handlers.toArray()).toEqual([])
    const foreign = $('[src], link[href]').filter(
      (_, element) => !/^\//.test($(element).attr('src') ?? $(element).attr('href') ?? ''),
    )
    expect(foreign.toArray()).toEqual([])
  })

  it('labels its fields, protects its forms and explains its errors', async () => {
    const { $ } = await open(name, lang)
    const ids = $('[id]')
      .map((_, element) => $(element).attr('id'))
      .get()
    expect(ids).toHaveLength(new Set(ids).size)
    for (const field of $('input:not([type=hidden]), select').toArray())
      expect($(`label[for="${$(field).attr('id')}"]`)).toHaveLength(1)
    for (const form of $('main form').not('[id="op.logoutForm"]').toArray()) {
      expect($(form).attr('method')).toBe('post')
      expect($(form).find('input[name=_csrf]').val()).toBe('csrf-token')
    }
    for (const reference of $('[aria-describedby], [aria-labelledby]').toArray())
      for (const id of `${$(reference).attr('aria-describedby') ?? ''} ${$(reference).attr('aria-labelledby') ?? ''}`
        .trim()
        .split(/\s+/))
        expect(ids).toContain(id)
    for (const link of $('[href^="#"]').toArray()) expect(ids).toContain($(link).attr('href')?.slice(1))
    const refused = Object.keys(locals.errors ?? {})
    expect($('[data-error-summary]')).toHaveLength(refused.length > 0 ? 1 : 0)
    for (const field of refused) expect($(`[name="${field}"]`).attr('aria-invalid')).toBe('true')
  })
})

it('samples show every page there is', () => {
  const views = readdirSync(viewsDir, { recursive: true, encoding: 'utf8' })
    .filter(
      (path) =>
        path.endsWith('.ejs') && !/^(partials|drawings|mails|demo|admin|account)\//.test(path) && path !== 'layout.ejs',
    )
    .map((path) => path.replace(/(\.(de|en))?\.ejs$/, ''))
  expect(new Set(samples.map((sample) => sample.view))).toEqual(new Set(views))
})

it('a refused sign-in marks both fields and speaks once', async () => {
  const { $ } = await open('sign-in/password-wrong', 'de')
  expect($('#username').attr('aria-invalid')).toBe('true')
  expect($('#username').attr('aria-describedby')).toBe('password-error')
  expect($('#username-error')).toHaveLength(0)
  expect($('#password-error').text()).toContain('Benutzername oder Passwort stimmen nicht')
  expect($('[data-error-summary] li')).toHaveLength(1)
})

it('secrets and one-time codes are never filled in again', async () => {
  for (const name of ['registration/credentials-refused', 'sign-in/password-wrong', 'sign-in/mtan-wrong']) {
    const { $ } = await open(name, 'de')
    for (const field of $('input[type=password], #mtan').toArray()) expect($(field).attr('value')).toBeUndefined()
  }
})

it('a typed address is confirmed as the server reads it', async () => {
  const { $ } = await open('registration/contact-suggestion', 'de')
  expect($('input[name=emailConfirmed]').val()).toBe('Erika@gmial.com')
})

describe('texts', () => {
  const localesDir = join(viewsDir, '../locales')
  const texts = createTexts(localesDir)

  it('have the same keys and parameters in both languages', async () => {
    const { parse } = await import('yaml')
    const [german, english] = languages.map((lang) =>
      flatten(parse(readFileSync(join(localesDir, `${lang}.yaml`), 'utf8'))),
    )
    expect([...english!.keys()].sort()).toEqual([...german!.keys()].sort())
    for (const [key, text] of german!)
      expect([key, parametersOf(english!.get(key)!)]).toEqual([key, parametersOf(text)])
  })

  it('hold every key that a view names', () => {
    const named = views().flatMap(({ path, source }) =>
      [...source.matchAll(/\b(?:t|rich)\(\s*'([\w.]+)'/g)].map((match) => ({ path, key: match[1]! })),
    )
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(({ key }) => !texts.has(key))).toEqual([])
  })

  it('hold a text for every reason that a step can refuse a field for', () => {
    const missing = Object.entries(reasons).flatMap(([field, words]) =>
      words
        .split(' ')
        .map((reason) => `errors.${field}.${reason}`)
        .filter((key) => !texts.has(key)),
    )
    expect(missing).toEqual([])
  })

  it('address people as Sie and without exclamation marks', () => {
    const german = readFileSync(join(localesDir, 'de.yaml'), 'utf8').replace(/^#.*$/gm, '')
    expect(german).not.toMatch(/!(\s|')|\b(du|dein|deine|dir|dich)\b/i)
  })
})

/** The reason words of the domain and the journeys. */
const reasons = {
  insuranceNumber: 'empty format check_digit',
  insurerNumber: 'empty unknown',
  identification: 'invalid',
  username: 'empty too_short too_long characters taken checks_exhausted',
  password: 'empty too_short too_long common contains_personal control_characters wrong',
  passwordRepeat: 'mismatch',
  acceptTerms: 'required',
  email: 'empty too_long characters format suggestion',
  mobile: 'empty format not_mobile country budget',
  mtan: 'empty format wrong expired used_up resend_too_early resend_used_up budget username_taken',
  unlockCode: 'empty format check_character wrong used',
  securityQuestion: 'empty unknown',
  securityAnswer: 'empty too_short too_long part_of_question part_of_name control_characters code_used',
}

function flatten(value: unknown, path = ''): Map<string, string> {
  if (typeof value === 'string') return new Map([[path, value]])
  return new Map(
    Object.entries(value as object).flatMap(([key, inner]) => [...flatten(inner, path ? `${path}.${key}` : key)]),
  )
}

const parametersOf = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort()

function views() {
  return readdirSync(viewsDir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ejs'))
    .map((path) => ({ path, source: readFileSync(join(viewsDir, path), 'utf8') }))
}
