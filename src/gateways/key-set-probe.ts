import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { canVerify, holdsSecret } from '../domain/secrets/public-keys.ts'

/** Milliseconds, as oidc-provider gives itself. */
const patience = 2500

/**
 * Fetches the key set of an application once, as the provider would, and tells in a few words why the provider could not use it;
 * `undefined` when it could. `privateHosts` may lie on private addresses.
 */
export async function probeKeySet(uri: string, privateHosts: readonly string[]): Promise<string | undefined> {
  const { host, hostname } = new URL(uri)
  const bare = hostname.replace(/^\[|\]$/g, '')
  try {
    const addresses = await lookup(bare, { all: true })
    const isPrivate = addresses.some(({ address }) => ipaddr.process(address).range() !== 'unicast')
    if (isPrivate && ![host, hostname, bare].some((name) => privateHosts.includes(name)))
      return `lies on a private address and is never fetched; name ${host} in CLIENT_PRIVATE_HOSTS`
    const answer = await fetch(uri, { signal: AbortSignal.timeout(patience), redirect: 'error' })
    if (answer.status !== 200) return `answers ${answer.status}`
    const { keys } = JSON.parse(await answer.text()) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) return 'answers no JSON Web Key Set with a key'
    if (keys.some((key) => Object(key) === key && holdsSecret(key)))
      return 'shows a private key to everybody; make a new one'
    return keys.some(canVerify)
      ? undefined
      : 'answers no key that verifies signatures (EC P-256, Ed25519, RSA from 2048 bits)'
  } catch (error) {
    if (error instanceof SyntaxError) return 'answers no JSON'
    const { name, cause } = error as Error & { cause?: { code?: string; message?: string } }
    const code = (error as NodeJS.ErrnoException).code ?? cause?.code ?? cause?.message
    return `cannot be fetched from here (${name === 'TimeoutError' ? 'timeout' : (code ?? name)})`
  }
}
