/** The German words of the demonstration for what the protocol says. */

const factors: Record<string, string> = {
  pwd: 'Passwort',
  sms: 'mTAN per SMS',
  otp: 'Einmalcode',
  hwk: 'Passkey',
  swk: 'Passkey',
  pop: 'Passkey',
  user: 'Bestätigung am Gerät',
  'urn:meine-aok:amr:letter': 'Freischaltcode aus dem Brief',
}

const levels: Record<string, string> = {
  'urn:meine-aok:acr:password-mtan': 'Passwort und mTAN',
  phr: 'Passkey (gegen Phishing geschützt)',
}

const refusals: Record<string, string> = {
  access_denied: 'Sie haben die Anmeldung abgebrochen oder der Weitergabe Ihrer Daten nicht zugestimmt.',
  login_required: 'Sie sind noch nicht angemeldet. Ohne Ihre Mitwirkung ging es hier nicht weiter.',
  interaction_required: 'Für die Anmeldung ist noch ein Schritt von Ihnen nötig.',
  consent_required: 'Für diese Anwendung fehlt noch Ihre Zustimmung.',
  account_selection_required: 'Bitte wählen Sie bei der Anmeldung aus, mit welchem Zugang Sie weitermachen.',
  unmet_authentication_requirements: 'Die verlangte Art der Anmeldung war nicht möglich.',
  invalid_scope: 'Die Anwendung hat nach Daten gefragt, die sie nicht bekommen darf.',
  invalid_request: 'Die Anfrage der Anwendung war nicht in Ordnung. Das liegt nicht an Ihnen.',
  unauthorized_client: 'Die Anwendung darf diese Art der Anmeldung nicht verwenden.',
  temporarily_unavailable:
    'Die Anmeldung ist gerade nicht erreichbar. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
  server_error: 'Bei der Anmeldung ist etwas schiefgegangen, nicht bei Ihnen. Bitte versuchen Sie es noch einmal.',
  unknown_state:
    'Diese Antwort gehört zu keiner Anmeldung, die Sie in diesem Browser begonnen haben. Vielleicht war sie schon verwendet oder zu alt.',
  invalid_answer: 'Die Antwort der Anmeldung hat unsere Prüfung nicht bestanden. Bitte melden Sie sich neu an.',
}

/** Says in German why a sign-in did not succeed; `code` is an OAuth error code or one of our own. */
export function sayRefusal(code: string): string {
  return (
    (Object.hasOwn(refusals, code) && refusals[code]) ||
    'Die Anmeldung hat nicht geklappt. Bitte versuchen Sie es noch einmal.'
  )
}

/** Says in German how strong the sign-in was, by `acr` (contract.md, "OpenID Connect"). */
export function sayLevel(acr: unknown): string {
  if (typeof acr !== 'string') return 'nicht angegeben'
  return (Object.hasOwn(levels, acr) && levels[acr]) || acr
}

/** Says in German which factors were used, by `amr` (RFC 8176); `mfa` only sums up the others. */
export function sayFactors(amr: unknown): string {
  if (!Array.isArray(amr)) return 'nicht angegeben'
  const named = amr.filter((factor): factor is string => typeof factor === 'string' && factor !== 'mfa')
  const words = [...new Set(named.map((factor) => (Object.hasOwn(factors, factor) && factors[factor]) || factor))]
  return words.length ? new Intl.ListFormat('de', { type: 'conjunction' }).format(words) : 'mehrere Faktoren'
}

/** Says a moment in German, as "12. März 2027, 14:05 Uhr"; `seconds` since 1970 as in `auth_time`. */
export function sayMoment(seconds: unknown): string {
  if (typeof seconds !== 'number') return 'nicht angegeben'
  const moment = new Date(seconds * 1000)
  const day = new Intl.DateTimeFormat('de', { dateStyle: 'long', timeZone: 'Europe/Berlin' }).format(moment)
  const time = new Intl.DateTimeFormat('de', { timeStyle: 'short', timeZone: 'Europe/Berlin' }).format(moment)
  return `${day}, ${time} Uhr`
}

/** Says whether one of the asked-for levels was reached (`acr_values`, OpenID Connect Core, 3.1.2.1); `undefined` when none was asked for. */
export function sayStepUp(acrValues: string | undefined, acr: unknown): string | undefined {
  if (!acrValues) return undefined
  const reached = typeof acr === 'string' && acrValues.split(' ').includes(acr)
  return reached ? 'Die verlangte Stufe wurde erreicht.' : `Die verlangte Stufe (${acrValues}) wurde nicht erreicht.`
}
