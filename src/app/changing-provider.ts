import type { RequestListener } from 'node:http'
import type { createProvider } from '../oidc/provider.ts'
import type { SigningKeyService } from '../services/signing-keys.ts'
import type { PrivateJwk } from '../stores/signing-keys.ts'

type Provider = ReturnType<typeof createProvider>

type Settings = {
  signingKeys: Pick<SigningKeyService, 'load'>
  summaries(): Promise<{ kid: string; state: string }[]>
  create(keys: readonly PrivateJwk[]): Provider
}

export type ChangingProvider = Awaited<ReturnType<typeof createChangingProvider>>

/**
 * Keeps the provider that answers and makes a new one when the signing keys in the database have changed: oidc-provider takes
 * its keys at its creation only. Requests under way end on the provider they began with; everything that
 * lasts lies in the store below both.
 */
export async function createChangingProvider({ signingKeys, summaries, create }: Settings) {
  const preparations: ((provider: Provider) => void)[] = []
  const open = async () => {
    // Read first: what changes while the keys are loaded is seen at the next look.
    const seen = await readMark(summaries)
    const keys = await signingKeys.load()
    const provider = create(keys)
    for (const prepare of preparations) prepare(provider)
    return { provider, answer: provider.callback(), kids: keys.map(({ kid }) => kid), seen }
  }
  let current = await open()
  return {
    get provider(): Provider {
      return current.provider
    },
    /** Kids of the set that this process publishes. */
    get kids(): readonly string[] {
      return current.kids
    },
    /** Prepares the provider, and each that follows. */
    prepare(preparation: (provider: Provider) => void): void {
      preparations.push(preparation)
      preparation(current.provider)
      current = { ...current, answer: current.provider.callback() }
    },
    answer: ((request, response) => current.answer(request, response)) satisfies RequestListener,
    /** Takes up changed keys; `false` when nothing changed. A fault leaves the provider as it was. */
    async refresh(): Promise<boolean> {
      if ((await readMark(summaries)) === current.seen) return false
      current = await open()
      return true
    },
  }
}

/** Names keys and their states: another mark, another key set. */
async function readMark(summaries: Settings['summaries']): Promise<string> {
  return (await summaries()).map(({ kid, state }) => `${kid} ${state}`).join(', ')
}
