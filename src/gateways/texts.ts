import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInstance, type i18n } from 'i18next'
import { load } from 'js-yaml'
import type { CalendarDay } from '../domain/calendar.ts'

/** Languages of pages, e-mails and SMS; German first, because it stands in wherever another is asked for. */
export const languages = ['de', 'en'] as const
export type Language = (typeof languages)[number]

export type TextParams = Record<string, string | number>
/** Looks a text up by its dotted key; `{{name}}` in it is filled from `params`. */
export type Translate = (key: string, params?: TextParams) => string

export type Texts = {
  languages: readonly Language[]
  /** One text. @throws Error when the key is missing */
  translator(language: string): Translate
  /** A list of texts (the paragraphs of an e-mail). @throws Error when the key is missing */
  lister(language: string): (key: string, params?: TextParams) => string[]
  has(key: string): boolean
}

/**
 * Loads `<localesDir>/de.yaml` and `en.yaml`, and what `<localesDir>/de/*.yaml` add to them. A lone number among the parameters is also the `count` that chooses
 * between `key_one` and `key_other`. Other languages than the offered ones get German.
 */
export function createTexts(localesDir: string): Texts {
  const i18next = createInstance()
  i18next.init({
    initAsync: false,
    resources: Object.fromEntries(
      languages.map((language) => [language, { translation: readLocale(localesDir, language) }]),
    ),
    // HTML is escaped where it is written, not here: e-mails and SMS take the same texts.
    interpolation: { escapeValue: false },
    fallbackLng: false,
  })
  return {
    languages,
    translator: (language) => {
      const lng = offered(language)
      return (key, params) => lookUp(i18next, lng, key, params) as string
    },
    lister: (language) => {
      const lng = offered(language)
      return (key, params) => [lookUp(i18next, lng, key, params)].flat()
    },
    has: (key) => i18next.exists(key, { lng: 'de', count: 1 }),
  }
}

function lookUp(i18next: i18n, lng: Language, key: string, params: TextParams = {}): string | string[] {
  const numbers = Object.values(params).filter((value) => typeof value === 'number')
  const count = numbers.length === 1 ? { count: numbers[0] } : {}
  const options = { lng, ...count, ...params }
  if (!i18next.exists(key, options)) throw new Error(`There is no text ${key} in locales/${lng}.yaml.`)
  return i18next.t(key, { ...options, returnObjects: true }) as string | string[]
}

type TextTree = { [key: string]: TextTree | string | string[] }

function readLocale(localesDir: string, language: Language): TextTree {
  const folder = join(localesDir, language)
  const parts = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : []
  return [`${language}.yaml`, ...parts.sort().map((name) => join(language, name))]
    .map((path) => load(readFileSync(join(localesDir, path), 'utf8')) as TextTree)
    .reduce(merged)
}

/** Lays texts over others: branches grow together. @throws Error when both have the same text */
function merged(texts: TextTree, more: TextTree): TextTree {
  const all = { ...texts }
  for (const [key, added] of Object.entries(more)) {
    const known = all[key]
    if (known !== undefined && (!isTree(known) || !isTree(added))) throw new Error(`The text ${key} is there twice.`)
    all[key] = isTree(known) && isTree(added) ? merged(known, added) : added
  }
  return all
}

const isTree = (text: TextTree[string] | undefined): text is TextTree =>
  typeof text === 'object' && !Array.isArray(text)

/** Chooses an offered language: German where another one, or none, is asked for. */
export function offered(language: string | undefined): Language {
  return languages.find((each) => each === language) ?? 'de'
}

const formats: Record<Language, { date: Intl.DateTimeFormat; time: Intl.DateTimeFormat; timeSuffix: string }> = {
  de: { ...formatsOf('de-DE'), timeSuffix: ' Uhr' },
  en: { ...formatsOf('en-GB'), timeSuffix: '' },
}

function formatsOf(locale: string) {
  const timeZone = 'Europe/Berlin'
  return {
    date: new Intl.DateTimeFormat(locale, { timeZone, day: 'numeric', month: 'long', year: 'numeric' }),
    time: new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  }
}

/** Writes a day, or the day of an instant in Berlin, as "12. März 2027" or "12 March 2027". */
export function formatDate(day: CalendarDay | Date, language: string): string {
  // Noon in UTC is the same day in Berlin, summer and winter.
  const at = typeof day === 'string' ? new Date(day.length === 10 ? `${day}T12:00:00Z` : day) : day
  return formats[offered(language)].date.format(at)
}

/** Writes the time of day in Berlin as "14:05 Uhr" or "14:05"; a text is read as ISO 8601. */
export function formatTime(at: Date | string, language: string): string {
  const { time, timeSuffix } = formats[offered(language)]
  return `${time.format(typeof at === 'string' ? new Date(at) : at)}${timeSuffix}`
}

/** Turns a German telephone number as it is printed into a `tel:` address (RFC 3966): "0800 2 767676" → tel:+498002767676. */
export function phoneHref(phone: string): string {
  const digits = phone.replace(/[^\d+]/g, '')
  return `tel:${digits.startsWith('0') ? `+49${digits.slice(1)}` : digits}`
}
