import { decodeProtectedHeader } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import type { Clock } from '../../gateways/clock.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import type { KeptKeySets } from './kept-key-sets.ts'

/** Bytes of a key set; a usual one has 2 KiB. */
const largestKeySet = 64 * 1024

/** Milliseconds: so often a key set is read again before its time for keys that it did not have. */
const rereadEvery = 60_000

/**
 * Creates how oidc-provider fetches the key sets of applications (RFC 7517): never from private addresses, as whoever registers an
 * application would reach into the network, except from the hosts that the operator names. A set counts for a minute, whatever
 * its answer says: with the caching of the answer a key that was taken back, or a page of an error, would count for days.
 */
export function keySetSettings(
  { privateClientHosts }: Pick<ProviderDeps, 'privateClientHosts'>,
  kept: KeptKeySets,
): Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'> {
  return {
    fetch: async (url, options) => {
      const address = new URL(url).href
      const isKeySet = !options?.method || options.method === 'GET'
      const known = isKeySet && kept.find(address)
      if (known) return new Response(known, { headers: { 'Content-Type': 'application/json' } })
      const { host, hostname } = new URL(url)
      const isNamed = privateClientHosts.some((name) =>
        [host, hostname, hostname.replace(/^\[|\]$/g, '')].includes(name),
      )
      // Without oidc-provider's dispatcher, which breaks connections to private addresses; a redirect would lead out of the list.
      const { dispatcher: _, ...ours } = options as RequestInit & { dispatcher?: unknown }
      const answer = await globalThis.fetch(url, isNamed ? { ...ours, redirect: 'error' } : (options as RequestInit))
      // oidc-provider reads the page of an error as JSON, and lets it count like a key set.
      if (answer.status !== 200) {
        await answer.body?.cancel()
        throw new KeySetStatus(answer.status)
      }
      const headers = new Headers(answer.headers)
      for (const name of ['cache-control', 'expires']) headers.delete(name)
      const body = isKeySet ? answer.body?.pipeThrough(noting((text) => kept.keep(address, text))) : answer.body
      return new Response(body, { status: answer.status, statusText: answer.statusText, headers })
    },
    fetchResponseBodyLimits: { jwks_uri: largestKeySet },
  }
}

/** Passes an answer on, and tells its text when it was read to the end; one that is too large is given up before. */
function noting(note: (text: string) => void): TransformStream<Uint8Array, Uint8Array> {
  const chunks: Uint8Array[] = []
  return new TransformStream({
    transform(chunk, controller) {
      chunks.push(chunk)
      controller.enqueue(chunk)
    },
    flush: () => note(Buffer.concat(chunks).toString()),
  })
}

class KeySetStatus extends Error {
  readonly status: number
  constructor(status: number) {
    super('key set answered with another status than 200')
    this.status = status
  }
}

type KeySet = {
  jwksUri?: string
  freshUntil?: number
  fresh(): boolean
  selectForVerify(key: { alg: string; kid: string }): unknown[]
}
type ClientWithKeys = { clientId: string; asymmetricKeyStore: KeySet }
type Find = (id: string) => Promise<ClientWithKeys | undefined>

/**
 * Lets a key set be read again, although it counts still, for an assertion with a `kid` that it does not have: applications sign with a new
 * key as soon as they have published it. At most once a minute, as anybody can send a `kid`.
 */
export function rereadKeySets(provider: Provider, clock: Clock, kept: KeptKeySets): void {
  const model = provider.Client as unknown as { find: Find }
  const find = model.find
  const reread = new Map<string, number>()
  model.find = async function (id) {
    const client = await find.call(this, id)
    const keySet = client?.asymmetricKeyStore
    if (!client || !keySet?.jwksUri) return client
    const address = new URL(keySet.jwksUri).href
    // One that was kept is as old as it is, although oidc-provider has just read it.
    const until = kept.until(address)
    if (until !== undefined && keySet.freshUntil && keySet.freshUntil > until) keySet.freshUntil = until
    const key = askedKey()
    // One that does not count any more, and is not kept, is fetched by oidc-provider itself.
    if (!key || !(keySet.fresh() ? !has(keySet, key) : kept.lacks(address, key.kid))) return client
    const now = clock.now().getTime()
    if (now - (reread.get(client.clientId) ?? Number.NEGATIVE_INFINITY) < rereadEvery) return client
    reread.set(client.clientId, now)
    kept.forget(address)
    keySet.freshUntil = 0
    return client
  }
}

/** An algorithm that no key can have is refused elsewhere. */
function has(keySet: KeySet, key: { alg: string; kid: string }): boolean {
  try {
    return keySet.selectForVerify(key).length > 0
  } catch {
    return true
  }
}

/** The key that the assertion of the request at work names. */
function askedKey(): { alg: string; kid: string } | undefined {
  const assertion = Provider.ctx?.oidc?.params?.client_assertion
  if (typeof assertion !== 'string') return undefined
  try {
    const { alg, kid } = decodeProtectedHeader(assertion)
    return typeof alg === 'string' && typeof kid === 'string' ? { alg, kid } : undefined
  } catch {
    return undefined
  }
}

/** Words for why a key set could not be read, for the log: nothing of the answer stands in them. */
export function keySetFault(error: unknown): string | undefined {
  const chain: Error[] = []
  for (let cause = error; cause instanceof Error && chain.length < 6; cause = cause.cause) chain.push(cause)
  const wordsOf = (each: Error) => `${each.message} ${(each as { error_description?: string }).error_description ?? ''}`
  const says = (words: RegExp) => chain.some((each) => words.test(wordsOf(each)))
  if (!says(/Key Set failed to be refreshed/)) return undefined
  if (says(/special-use IP address/)) return 'private_address'
  const refusal = chain.find((each) => each instanceof KeySetStatus)
  if (refusal) return `http_${refusal.status}`
  if (says(/unexpected redirect/)) return 'redirect'
  // Of an answer without a length, oidc-provider cancels the stream that it is reading, and fails with that.
  if (says(/response too large|ReadableStream is locked/)) return 'too_large'
  if (chain.some(({ name }) => name === 'TimeoutError')) return 'timeout'
  if (chain.some(({ name }) => name === 'SyntaxError')) return 'not_json'
  const code = chain.map((each) => (each as NodeJS.ErrnoException).code).find((each) => typeof each === 'string')
  return code?.toLowerCase() ?? 'not_a_key_set'
}
