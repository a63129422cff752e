import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskEmail, parseEmail, suggestEmail } from './email-address.ts'

describe('parseEmail', () => {
  it.each([
    ['erika@example.org', 'erika@example.org'],
    [' Erika.Mustermann+aok@Example.ORG ', 'Erika.Mustermann+aok@example.org'],
    ["o'hara@web.de", "o'hara@web.de"],
    ['a@münchen.de', 'a@xn--mnchen-3ya.de'],
    ['a@xn--mnchen-3ya.de', 'a@xn--mnchen-3ya.de'],
    ['a@mail.service.by.aok.de', 'a@mail.service.by.aok.de'],
    ['lena@demo.invalid', 'lena@demo.invalid'],
    [`${'x'.repeat(64)}@web.de`, `${'x'.repeat(64)}@web.de`],
  ])('reads %j', (input, value) => {
    expect(parseEmail(input)).toEqual({ ok: true, value })
  })

  it.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['erika', 'format'],
    ['@web.de', 'format'],
    ['erika@', 'format'],
    ['erika@localhost', 'format'],
    ['erika@web.', 'format'],
    ['erika@web.de.', 'format'],
    ['erika@-web.de', 'format'],
    ['erika@web..de', 'format'],
    ['erika@1.2.3.4', 'format'],
    ['erika@1.2.3.44', 'format'],
    ['erika@[1.2.3.4]', 'format'],
    ['erika@@web.de', 'format'],
    ['.erika@web.de', 'format'],
    ['erika.@web.de', 'format'],
    ['eri..ka@web.de', 'format'],
    ['erika@web.de,max@web.de', 'format'],
    ['Erika<erika@web.de>', 'format'],
    [`a@${'x'.repeat(64)}.de`, 'format'],
    [`${'x'.repeat(65)}@web.de`, 'too_long'],
    [`a@${`${'x'.repeat(60)}.`.repeat(4)}example.org`, 'too_long'],
    ['x'.repeat(1_000_000), 'too_long'],
    ['müller@web.de', 'characters'],
    ['eri ka@web.de', 'characters'],
    ['erika@web.de\r\nBcc: max@web.de', 'characters'],
    ['erika\u0000@web.de', 'characters'],
    ['erika@we\u202eb.de', 'characters'],
    ['erika@web\u200b.de', 'characters'],
    ['erika\ud800@web.de', 'characters'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseEmail(input)).toEqual({ ok: false, reason })
  })

  it('reads its own answer as the same, within the lengths of RFC 5321', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const first = parseEmail(address)
        if (!first.ok) return
        expect(first.value.length).toBeLessThanOrEqual(254)
        expect(parseEmail(first.value)).toEqual(first)
      }),
    )
  })
})

describe('suggestEmail', () => {
  it.each([
    ['gmial.com', 'gmail.com'],
    ['gmail.con', 'gmail.com'],
    ['gmail.de', 'gmail.com'],
    ['gmaill.cmo', 'gmail.com'],
    ['googlmail.com', 'googlemail.com'],
    ['web.ed', 'web.de'],
    ['wb.de', 'web.de'],
    ['gmx.d', 'gmx.de'],
    ['gxm.de', 'gmx.de'],
    ['gmx.ent', 'gmx.net'],
    ['t-onlin.de', 't-online.de'],
    ['tonline.de', 't-online.de'],
    ['hotmial.de', 'hotmail.de'],
    ['outlok.com', 'outlook.com'],
    ['icluod.com', 'icloud.com'],
    ['frenet.de', 'freenet.de'],
  ])('takes %s for %s', (typed, meant) => {
    expect(suggestEmail(`Erika.M@${typed}`)).toBe(`Erika.M@${meant}`)
  })

  it.each([
    'web.de',
    'gmx.net',
    'gmx.at',
    'aok.de',
    'aol.de',
    'bmw.de',
    'live.dk',
    'mail.com',
    'ymail.com',
    'example.org',
    'demo.invalid',
    'service.by.aok.de',
    'tum.de',
    'stadt-muenchen.de',
  ])('leaves %s alone', (domain) => {
    expect(suggestEmail(`erika@${domain}`)).toBeNull()
  })

  it('proposes nothing for what is no address', () => {
    expect(suggestEmail('gmial.com')).toBeNull()
  })
})

describe('maskEmail', () => {
  it.each([
    ['erika@example.org', 'e•••@example.org'],
    ['e@example.org', 'e•••@example.org'],
    ['no address', '•••'],
  ])('shows %s as %s', (value, shown) => {
    expect(maskEmail(value)).toBe(shown)
  })
})
