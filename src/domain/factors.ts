/** Ways in which a person proves who she is, in the order in which tokens name them. A passkey becomes a row of its own. */
const rows = {
  password: { method: 'pwd', kind: 'knowledge' },
  sms: { method: 'sms', kind: 'possession' },
  letter: { method: 'urn:meine-aok:amr:letter', kind: 'possession' },
} as const

export type Factor = keyof typeof rows
export const factors = Object.keys(rows) as [Factor, ...Factor[]]

/** What a person has proved, and when: seconds since the epoch by the machine's own clock, as the protocol counts. */
export type Proofs = { [F in Factor]?: number | undefined }

/** The class of every sign-in today (contract.md, "OpenID Connect"). */
export const passwordMtanAcr = 'urn:meine-aok:acr:password-mtan'

/** Authentication classes and the factors that each rests on, strongest first (OpenID Connect Core 1.0 § 2, `acr`). */
const classes: readonly { acr: string; needs: readonly Factor[] }[] = [
  { acr: passwordMtanAcr, needs: ['password', 'sms'] },
]

/** What a sign-in can reach, and the discovery document names. */
export const reachableAcrs: readonly string[] = classes.map(({ acr }) => acr)

/** Whether a class is one of ours, and at least as strong as another. */
export function isAtLeast(acr: string | undefined, minimum: string): boolean {
  const [is, least] = [acr, minimum].map((each) => reachableAcrs.indexOf(each ?? ''))
  return is !== undefined && least !== undefined && is >= 0 && is <= least
}

/** How and when somebody signed in, as tokens say it; `authTime` in seconds since the epoch. */
export type SignIn = { acr: string; amr: string[]; authTime: number }

/**
 * Computes what tokens say of a sign-in from what was proved: the strongest class reached, the methods of all factors
 * (RFC 8176 § 2), and the moment at which the last factor of the class was proved.
 * @throws Error when no class was reached: nobody may be signed in.
 */
export function signInOf(proofs: Proofs): SignIn {
  const reached = classes.find(({ needs }) => needs.every((factor) => proofs[factor] !== undefined))
  if (!reached) throw new Error('what was proved is not enough for a sign-in')
  return {
    acr: reached.acr,
    amr: methodsOf(proofs),
    authTime: Math.max(...reached.needs.map((factor) => proofs[factor] ?? 0)),
  }
}

/** The factors of a class that are not proved yet; all of them for a class that nobody can reach. */
export function missingFactors(acr: string, proofs: Proofs): readonly Factor[] {
  const { needs } = classes.find((each) => each.acr === acr) ?? { needs: factors }
  return needs.filter((factor) => proofs[factor] === undefined)
}

/** Whether everything was proved at this moment or later, in seconds since the epoch. */
export const provedSince = (proofs: Proofs, moment: number): boolean => oldestProof(proofs) >= moment

/** The moment of the factor that was proved first; infinity when nothing was. */
export const oldestProof = (proofs: Proofs): number =>
  Math.min(...Object.values(proofs).filter((at) => at !== undefined))

/** Values of RFC 8176, `mfa` for factors of more than one kind, then those that only we know. */
function methodsOf(proofs: Proofs): string[] {
  const proved = factors.filter((factor) => proofs[factor] !== undefined).map((factor) => rows[factor])
  const methods: string[] = proved.map(({ method }) => method)
  const isOwn = (method: string) => method.startsWith('urn:')
  const several = new Set(proved.map(({ kind }) => kind)).size > 1 ? ['mfa'] : []
  return [...methods.filter((method) => !isOwn(method)), ...several, ...methods.filter(isOwn)]
}
