import parsePhoneNumber, { type CountryCode, type PhoneNumber } from 'libphonenumber-js/max'

type MobileNumberResult =
  | {
      ok: true /** `+4915112345671` */
      e164: string /** ISO 3166-1 */
      country: string /** international format */
      display: string
    }
  | { ok: false; reason: 'empty' | 'format' | 'not_mobile' | 'country' }

/** Countries in ISO 3166-1: `defaultCountry` is meant when no country code is typed. */
type MobileNumberOptions = { defaultCountry: string; allowedCountries: readonly string[] }

const longestInput = 40

/** Where ISO 3166-1 has a code of its own for a part of a country that shares its numbers. */
const belongsTo: Record<string, string> = { AX: 'FI', SJ: 'NO' }

/**
 * Reads a mobile number in any usual spelling. It must be a valid number of an allowed country that can receive an
 * SMS: of the type mobile, or of a country where mobile and landline numbers look alike (security.md, "mTAN sending").
 */
export function parseMobileNumber(input: string, options: MobileNumberOptions): MobileNumberResult {
  // Address books put invisible marks around the numbers that are copied out of them.
  const text = input
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
  if (text === '') return { ok: false, reason: 'empty' }
  const number = read(text, options.defaultCountry)
  if (!number?.isValid() || number.ext) return { ok: false, reason: 'format' }
  const country = number.country && (belongsTo[number.country] ?? number.country)
  if (!country || !options.allowedCountries.includes(country)) return { ok: false, reason: 'country' }
  if (!isMobile(number)) return { ok: false, reason: 'not_mobile' }
  return { ok: true, e164: number.number, country, display: number.formatInternational() }
}

/** Shows a number so that its owner knows it and nobody else learns it: `+49 151 ••••• 71` (design.md, "Page"). */
export function maskMobile(e164: string): string {
  const number = parsePhoneNumber(e164)
  if (!number) return `••••• ${e164.slice(-2)}`
  return `+${number.countryCallingCode} ${number.nationalNumber.slice(0, 3)} ••••• ${number.nationalNumber.slice(-2)}`
}

/** Shows a number in groups in the international format: `+49 1511 2345671`; what is no number stays as it is. */
export function formatMobile(e164: string): string {
  return parsePhoneNumber(e164)?.formatInternational() ?? e164
}

/** Tells the country (ISO 3166-1) of a number in E.164; `ZZ` when it has none. */
export function parsePhoneCountry(e164: string): string {
  const country = parsePhoneNumber(e164)?.country ?? 'ZZ'
  return belongsTo[country] ?? country
}

function read(text: string, defaultCountry: string): PhoneNumber | undefined {
  if (text.length > longestInput) return undefined
  // `extract: false`: a number within other text is a mistake, not a number.
  const options = { defaultCountry: defaultCountry as CountryCode, extract: false }
  const number = parsePhoneNumber(text, options)
  if (/^[+(0]/.test(text) || isMobile(number)) return number
  // The country code typed without its plus: 49 151 …
  const international = parsePhoneNumber(`+${text}`, options)
  return isMobile(international) ? international : number
}

function isMobile(number: PhoneNumber | undefined): boolean {
  const type = number?.getType()
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE'
}
