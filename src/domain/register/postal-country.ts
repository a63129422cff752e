const names = new Intl.DisplayNames(['de'], { type: 'region', fallback: 'none' })

/** Codes that have a name and are no country: unknown, tests of software, unions. */
const noCountry = ['ZZ', 'XA', 'XB', 'QO', 'EU', 'EZ', 'UN']

const known = new Map<string, boolean>()

/** Tells whether a code is a country of ISO 3166-1, in capitals, that a letter can name; `XK` is Kosovo. */
export function isCountryCode(code: string): boolean {
  if (!/^[A-Z]{2}$/.test(code)) return false
  // Millions of addresses have a few countries, and looking one up takes longer than all else of a line: 676 codes at most.
  const answer = known.get(code) ?? (!noCountry.includes(code) && isItself(code) && names.of(code) !== undefined)
  known.set(code, answer)
  return answer
}

/** Countries that are no more are read as their successor (`DD`, `SU`): an address there is out of date. */
const isItself = (code: string) => new Intl.Locale('und', { region: code }).region === code
