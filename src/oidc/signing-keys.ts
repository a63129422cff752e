import { generateKeyPair as generateCallback, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { PrivateJwk, SigningKeyStore } from '../stores/signing-keys.ts'
import { idTokenAlgorithms } from './settings/algorithms.ts'

const generateKeyPair = promisify(generateCallback)

type Algorithm = (typeof idTokenAlgorithms)[number]

/**
 * Loads the keys to sign and verify with, current ones first. At the first start one key per algorithm is made;
 * of several processes that start at once one decides, by a single conditional INSERT each (BSI TR-02102-1: RSA 3072).
 */
export async function loadSigningKeys(store: SigningKeyStore, now: Date): Promise<PrivateJwk[]> {
  const known = await store.list()
  const missing = idTokenAlgorithms.filter((alg) => !known.some((key) => key.alg === alg && key.state === 'current'))
  if (missing.length === 0) return known.map((key) => key.privateJwk)
  await Promise.all(missing.map(async (alg) => store.add(await createSigningKey(alg), 'current', now)))
  return (await store.list()).map((key) => key.privateJwk)
}

/** Makes a private JWK (RFC 7517) that signs with one algorithm only. */
export async function createSigningKey(alg: Algorithm): Promise<PrivateJwk> {
  const { privateKey } =
    alg === 'ES256'
      ? await generateKeyPair('ec', { namedCurve: 'P-256' })
      : await generateKeyPair('rsa', { modulusLength: 3072 })
  const jwk = privateKey.export({ format: 'jwk' })
  return { ...jwk, kty: String(jwk.kty), kid: randomUUID(), alg, use: 'sig' }
}
