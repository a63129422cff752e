import type { AdapterPayload } from 'oidc-provider'

/**
 * Since when sign-ins of an account count, in seconds since the epoch; undefined: none does, for it may not be signed in to
 * now. Asked of the database at each use, so that no store that is away can lose the end of an account's access.
 */
export type SignInsCount = (accountId: string) => Promise<number | undefined>

/** What lets a person in or speaks for one. A grant alone opens nothing: it has to be there for the token's account only. */
const personal = new Set(['Session', 'AuthorizationCode', 'AccessToken', 'RefreshToken', 'Grant'])

/** Whether an artefact ended with its account's access: by suspension, death, a guardian, the end of coverage, deletion. */
export async function hasEnded(model: string, payload: AdapterPayload, count: SignInsCount): Promise<boolean> {
  const { accountId } = payload
  if (!accountId || !personal.has(model)) return false
  const from = await count(accountId)
  if (from === undefined) return true
  return model !== 'Grant' && signedInAt(payload) < from
}

/** The moment of the sign-in that an artefact rests on; what was stored without it is taken for as old as itself. */
function signedInAt(payload: AdapterPayload): number {
  const { loginTs, authTime, extra, iat } = payload
  return Number(loginTs ?? authTime ?? (extra as { auth_time?: number } | undefined)?.auth_time ?? iat ?? 0)
}
