/** Domains of mail providers that many members use; the earlier one is proposed when two are equally near. */
const wellKnown = [
  'gmail.com',
  'web.de',
  'gmx.de',
  't-online.de',
  'gmx.net',
  'freenet.de',
  'hotmail.com',
  'outlook.de',
  'outlook.com',
  'yahoo.de',
  'yahoo.com',
  'icloud.com',
  'hotmail.de',
  'googlemail.com',
  'arcor.de',
  'live.de',
  'posteo.de',
  'mailbox.org',
  'aol.com',
  'aol.de',
  'vodafone.de',
  'online.de',
  'mail.de',
  'kabelmail.de',
  'unitybox.de',
  'netcologne.de',
  'proton.me',
  'protonmail.com',
  'gmx.at',
  'gmx.ch',
  'gmx.com',
  'live.com',
  'me.com',
  'mac.com',
  'msn.com',
  'email.de',
  'bluewin.ch',
  'aon.at',
  'tutanota.com',
  'tuta.io',
  'ewe.net',
  'ewetel.net',
  'osnanet.de',
  'm-net.de',
  'mnet-online.de',
]

/** Domains that look like a typing error of another and are none. */
const inUse = new Set([
  ...wellKnown,
  'aok.de',
  'mail.com',
  'email.com',
  'ymail.com',
  'rocketmail.com',
  'mailbox.de',
  'pm.me',
  'bmx.de',
  'gmc.de',
  'mx.de',
  'ok.de',
  'one.de',
])

/** Endings under which a provider, or somebody of the same name, may well have a domain too. */
const endings = new Set(
  'at be biz ch com cz de dk es eu fi fr hu ie info io it li lu me net nl no org pl pt ru se uk'.split(' '),
)

/** Mistakes that lie further away, or where the nearest domain is not the one meant. */
const known: Record<string, string> = {
  'gmail.de': 'gmail.com',
  'gmial.de': 'gmail.com',
  'googlemail.de': 'googlemail.com',
  'icloud.de': 'icloud.com',
  'web.com': 'web.de',
  'tonline.de': 't-online.de',
  't-online.com': 't-online.de',
  'freenet.com': 'freenet.de',
  'gmx.d': 'gmx.de',
  'web.d': 'web.de',
  'gmail.co': 'gmail.com',
  'gmail.cm': 'gmail.com',
  'gmail.c': 'gmail.com',
  'arcor.com': 'arcor.de',
  'vodafone.com': 'vodafone.de',
}

/** Names of four letters and less have many neighbours of their own: only left-out, added and swapped letters count. */
const shortName = 4
/** From this length on, two typing errors are still near. */
const longDomain = 9

/** Proposes the well-known domain that a domain (lower case) is probably a typing error of; null when it is none. */
export function suggestDomain(domain: string): string | null {
  if (inUse.has(domain)) return null
  if (known[domain]) return known[domain]
  let best: string | null = null
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of wellKnown) {
    const allowed = candidate.length >= longDomain ? 2 : 1
    const distance = typingErrors(domain, candidate)
    if (distance > allowed || distance >= bestDistance || isOtherName(domain, candidate)) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Another ending that exists, or a short name with one letter exchanged, is more likely another domain. */
function isOtherName(domain: string, candidate: string): boolean {
  const [name = '', end = ''] = domain.split('.')
  const [otherName = '', otherEnd = ''] = candidate.split('.')
  if (name === otherName && endings.has(end)) return true
  const sameLetters = [...name].sort().join('') === [...otherName].sort().join('')
  return otherName.length <= shortName && name.length === otherName.length && !sameLetters && end === otherEnd
}

/** Counts left-out, added, exchanged and swapped characters between two texts (optimal string alignment). */
function typingErrors(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchanged = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const steps = [at(i - 1, j) + 1, at(i, j - 1) + 1, exchanged, ...(swapped ? [at(i - 2, j - 2) + 1] : [])]
      rows[i]?.push(Math.min(...steps))
    }
  }
  return at(a.length, b.length)
}
