import { createPublicKey, type JsonWebKey } from 'node:crypto'

/** Members of a JSON Web Key that must stay with its owner (RFC 7518, 6.2.2, 6.3.2, 6.4). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Tells whether a JSON Web Key (RFC 7517) holds what only its owner may know. */
export const holdsSecret = (key: object): boolean => secretMembers.some((member) => member in key)

/**
 * Tells whether a JSON Web Key can verify what an application signs: RSA of 2048 bits or more (RFC 7518, 3.3), EC on P-256, or Ed25519, and
 * not for encryption. Keys of other kinds may stand beside it (RFC 7517, 5).
 */
export function canVerify(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false
  const { use = 'sig', key_ops: uses = ['verify'] } = key as { use?: unknown; key_ops?: unknown }
  if (use !== 'sig' || !Array.isArray(uses) || !uses.includes('verify')) return false
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({
      key: key as JsonWebKey,
      format: 'jwk',
    })
    if (type === 'rsa') return (details?.modulusLength ?? 0) >= 2048
    return type === 'ed25519' || (type === 'ec' && details?.namedCurve === 'prime256v1')
  } catch {
    return false
  }
}
