const names = new Intl.DisplayNames(['de'], { type: 'region', fallback: 'none' })

/** Codes that have a name and are no country: unknown, tests of software, unions. */
const noCountry = ['ZZ', 'XA', 'XB', 'QO', 'EU', 'EZ', 'UN']

/** Tells whether a code is a country of ISO 3166-1, in capitals, that a letter can name; `XK` is Kosovo. */
export function isCountryCode(code: string): boolean {
  return /^[A-Z]{2}$/.test(code) && !noCountry.includes(code) && isItself(code) && names.of(code) !== undefined
}

/** Countries that are no more are read as their successor (`DD`, `SU`): an address there is out of date. */
const isItself = (code: string) => new Intl.Locale('und', { region: code }).region === code
