import type { Context, Next } from 'koa'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { passwordStep } from '../../journeys/sign-in/password.ts'
import { stepUpOf } from './step-up.ts'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/**
 * Leads a sign-in that begins with the password to its page at once. The address that oidc-provider is told stays the one above all its
 * pages, as the path of its cookie.
 */
export async function leadToFirstPage(ctx: Context, next: Next): Promise<void> {
  await next()
  const begun = (ctx as unknown as Partial<KoaContextWithOIDC>).oidc?.entities.Interaction as Interaction | undefined
  const address = `/anmeldung/${begun?.uid}`
  if (begun?.prompt.name === 'login' && !stepUpOf(begun) && ctx.response.get('Location') === address)
    ctx.redirect(`${address}/${passwordStep.path}`)
}
