import type { Middleware } from 'koa'
import type { SigningKeyService } from '../services/keys/signing-keys.ts'
import type { PrivateJwk } from '../stores/keys/signing-keys.ts'
import type { createProvider } from './provider.ts'

type Provider = ReturnType<typeof createProvider>

type Settings = {
  signingKeys: Pick<SigningKeyService, 'load'>
  summaries(): Promise<{ kid: string; state: string }[]>
  /** Scopes of the resources that services call. */
  scopes(): Promise<string[]>
  create(keys: readonly PrivateJwk[], scopes: readonly string[]): Provider
}

/**
 * Keeps the provider that answers and makes a new one when the signing keys in the database have changed, or the scopes of
 * resources: oidc-provider takes both at its creation only. Requests under way end on the provider they began with; everything that
 * lasts lies in the store below both.
 */
export async function createChangingProvider({ signingKeys, summaries, scopes, create }: Settings) {
  const read = { summaries, scopes }
  const preparations: ((provider: Provider) => void)[] = []
  const open = async () => {
    // Read first: what changes while the keys are loaded is seen at the next look.
    const seen = await readMark(read)
    const keys = await signingKeys.load()
    const provider = create(keys, await scopes())
    for (const prepare of preparations) prepare(provider)
    return { provider, answer: provider.callback(), kids: keys.map(({ kid }) => kid), seen }
  }
  let current = await open()
  const changing = {
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
    /** Hands protocol requests over to the provider; `pages` draws its pages. */
    mount(pages: Middleware): Middleware {
      changing.prepare((provider) => void provider.middleware.unshift(pages as never))
      return async (ctx, next) => {
        if (!/^\/(oidc|\.well-known)(\/|$)/.test(ctx.path)) return await next()
        ctx.respond = false
        await current.answer(ctx.req, ctx.res)
      }
    },
    /** Takes up changed keys and scopes; `false` when nothing changed. A fault leaves the provider as it was. */
    async refresh(): Promise<boolean> {
      if ((await readMark(read)) === current.seen) return false
      current = await open()
      return true
    },
  }
  return changing
}

/** Names keys, their states, and scopes: another mark, another provider. */
async function readMark({ summaries, scopes }: Pick<Settings, 'summaries' | 'scopes'>): Promise<string> {
  return [...(await summaries()).map(({ kid, state }) => `${kid} ${state}`), ...(await scopes())].join(', ')
}
