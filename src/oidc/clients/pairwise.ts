import { createHmac, randomBytes } from 'node:crypto'
import type { SigningKeyStore } from '../../stores/keys/signing-keys.ts'
import type { ClientModel } from './model.ts'

/**
 * Creates the derivation of pairwise subject identifiers (OpenID Connect Core § 8.1): HMAC-SHA-256 over sector and
 * account under a secret of its own, made once and kept encrypted in the database. No key of the rings is used:
 * rings rotate and lose their oldest key, and every `sub` would change with it.
 */
export async function createPairwiseIdentifier(
  store: Pick<SigningKeyStore, 'derivationSecret'>,
  now: Date,
): Promise<(sector: string, accountId: string) => string> {
  const secret = await store.derivationSecret('pairwise', randomBytes(32).toString('base64url'), now)
  const key = Buffer.from(secret, 'base64url')
  return (sector, accountId) => createHmac('sha256', key).update(`${sector}\0${accountId}`).digest('base64url')
}

/** The `sub` of an account for a client, as its tokens carry it. */
export function subjectOf(
  client: ClientModel,
  accountId: string,
  pairwise: (sector: string, accountId: string) => string,
): string {
  return client.subjectType === 'pairwise' ? pairwise(sectorOf(client), accountId) : accountId
}

/**
 * Names the sector of a client: the host of its https redirect addresses, shared by all applications there; an app
 * with a custom scheme or a loopback address is a sector of its own, because these have no host that belongs to it.
 */
export function sectorOf(client: ClientModel): string {
  const [first] = client.redirectUris ?? []
  return first?.startsWith('https://') ? new URL(first).host : client.clientId
}
