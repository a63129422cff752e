import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createTexts, languages, type TextParams } from '../texts.ts'
import { type MailTemplate, renderMail } from './mails.ts'

const texts = createTexts(fileURLToPath(new URL('../../../locales', import.meta.url)))
const insurer = {
  name: 'AOK Bayern – Die Gesundheitskasse',
  shortName: 'Meine AOK',
  help: { phone: '0800 2 767676', email: 'info@service.by.aok.de' },
}
const settings = { insurer, texts, baseUrl: 'https://anmeldung.example' }
const link = 'https://anmeldung.example/aktivierung/abc?x=1&y=2'

const mails: [MailTemplate, TextParams, string[]][] = [
  ['activation', { link, lastDay: '2026-12-22' }, [link, '22. Dezember 2026']],
  ['activationReminder', { link, lastDay: '2026-12-22' }, [link, '22. Dezember 2026']],
  [
    'letterPosted',
    { postedOn: '2026-11-24', lastDay: '2026-12-24', askAfter: '2026-12-04' },
    [
      'Stimmen Ihre Angaben mit unseren Daten überein',
      '24. November 2026',
      '24. Dezember 2026',
      '4. Dezember 2026',
      '/anmeldung',
    ],
  ],
  ['codeReminder', { lastDay: '2026-12-24' }, ['24. Dezember 2026', '/anmeldung']],
  ['newLetterRequested', { letterDay: '2026-11-25' }, ['25. November 2026']],
  ['signInReady', {}, ['freigeschaltet']],
  ['registrationAttempt', { day: '2026-11-24' }, ['24. November 2026', 'unverändert']],
  [
    'operatorAlert',
    { alert: 'SMS cost more than their budget', detail: 'country: DE' },
    ['their budget', 'country: DE'],
  ],
  [
    'activationByStaff',
    { link, lastDay: '2026-12-22' },
    [link, '22. Dezember 2026', 'Telefonberatung', 'nicht registriert'],
  ],
  [
    'letterByStaff',
    { letterDay: '2026-11-25', day: '2026-11-24' },
    ['25. November 2026', 'Telefonberatung', 'Stimmen Ihre Angaben mit unseren Daten überein'],
  ],
  ...(['pauseClearedByStaff', 'signedOutByStaff', 'suspendedByStaff', 'liftedByStaff'] as const).map(
    (template): [MailTemplate, TextParams, string[]] => [
      ...([template, { day: '2026-11-24' }] as const),
      ['Telefonberatung', '24. November 2026', 'Haben Sie nicht'],
    ],
  ),
  [
    'endedByStaff',
    { day: '2026-11-24', lastDay: '2027-02-22' },
    ['Telefonberatung', '22. Februar 2027', 'Haben Sie nicht'],
  ],
  ['browserLink', { link, until: '2026-11-24T13:20:00.000Z' }, [link, '14:20 Uhr, 24. November 2026']],
]

describe.each(mails)('%s', (template, params, parts) => {
  it('says what it is about, in plain text and HTML', () => {
    const { subject, text, html } = renderMail(template, params, 'de', settings)
    expect(subject).not.toBe('')
    for (const part of parts) {
      expect(text).toContain(part)
      expect(html).toContain(part.replaceAll('&', '&amp;'))
    }
  })

  it.each(languages)('is complete in %s and says how to know that it is genuine', (language) => {
    const { text, html } = renderMail(template, params, language, settings)
    for (const part of ['anmeldung.example', insurer.help.phone, insurer.help.email]) {
      expect(text).toContain(part)
      expect(html).toContain(part)
    }
    expect(text + html).not.toMatch(/\{\{|undefined|Invalid Date/)
  })

  it('loads nothing and links to the portal only', () => {
    const { html } = renderMail(template, params, 'de', settings)
    expect(html).not.toMatch(/<img|<link|url\(|@import|<script/)
    for (const [, address] of html.matchAll(/href="([^"]+)"/g))
      expect(address).toMatch(/^https:\/\/anmeldung\.example\//)
  })
})

it('escapes what comes in', () => {
  const { html } = renderMail(
    'activation',
    { link: 'https://a.example/"><script>', lastDay: '2026-12-22' },
    'de',
    settings,
  )
  expect(html).not.toContain('<script>')
})
