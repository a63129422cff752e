import { CompactSign, importJWK, type JWK } from 'jose'
import type { SigningKey } from '../../stores/keys/signing-keys.ts'

/** What is signed of an export: `digest` is the SHA-256 of its bytes in base64url (FIPS 180-4). */
export type SignedExport = { exportId: string; format: string; count: number; digest: string; exportedAt: string }

/** Parts of a key that anybody may know (RFC 7518 § 6). */
const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const

/**
 * Signs an export as a JWS of its own kind (RFC 7515): `typ` keeps it from being taken for a token, `jwk` shows the public key also after
 * that has left the published set.
 * @throws Error when no key signs, which a start makes good
 */
export async function signExport(what: SignedExport, keys: readonly SigningKey[]): Promise<string> {
  const current = keys.filter(({ state }) => state === 'current')
  const key = current.find(({ alg }) => alg === 'ES256') ?? current[0]
  if (!key) throw new Error('no signing key is current')
  const jwk = Object.fromEntries(publicMembers.map((name) => [name, key.privateJwk[name]])) as JWK
  const header = { alg: key.alg, kid: key.kid, typ: 'audit-export+json', jwk: JSON.parse(JSON.stringify(jwk)) }
  const payload = new TextEncoder().encode(JSON.stringify(what))
  return await new CompactSign(payload).setProtectedHeader(header).sign(await importJWK(key.privateJwk as JWK, key.alg))
}
