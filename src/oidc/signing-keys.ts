import { generateKeyPair as generateCallback, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { PrivateJwk } from '../stores/keys/signing-keys.ts'
import type { idTokenAlgorithms } from './settings/algorithms.ts'

const generateKeyPair = promisify(generateCallback)

export type Algorithm = (typeof idTokenAlgorithms)[number]

/** Makes a private JWK (RFC 7517) that signs with one algorithm only (BSI TR-02102-1: RSA 3072). */
export async function createSigningKey(alg: Algorithm): Promise<PrivateJwk> {
  const { privateKey } =
    alg === 'ES256'
      ? await generateKeyPair('ec', { namedCurve: 'P-256' })
      : await generateKeyPair('rsa', { modulusLength: 3072 })
  const jwk = privateKey.export({ format: 'jwk' })
  return { ...jwk, kty: String(jwk.kty), kid: randomUUID(), alg, use: 'sig' }
}
