import type { Logger } from 'pino'
import { createCookieJar } from '../http/cookies.ts'
import { newReference, showRefusal } from '../http/middleware/errors.ts'
import type { Deps } from '../journeys/deps.ts'
import { isKeptOut } from './clients/lookup.ts'
import { explainMissing, isInteractionGone } from './interaction/missing-interaction.ts'
import { restartOf } from './interaction/restart.ts'
import type { ProviderDeps } from './provider-deps.ts'
import { wordsOf } from './words.ts'

type Pages = Pick<
  ProviderDeps,
  'renderError' | 'renderUnavailable' | 'renderRefusal' | 'renderMissing' | 'renderSignOut' | 'renderSignedOut'
>

/** Creates the pages of oidc-provider in our design; faults get the same reference number as everywhere. */
export function createPages({ issuer, log, deps }: { issuer: string; log: Logger; deps: Deps }): Pages {
  const cookies = createCookieJar({ secure: issuer.startsWith('https://') })
  const renderMissing: ProviderDeps['renderMissing'] = (ctx, provider, uid) =>
    explainMissing(ctx, { provider, deps, cookies }, uid)
  return {
    renderMissing,
    async renderError(ctx, out, error) {
      const { uid = '' } = ctx.params as { uid?: string }
      if (isInteractionGone(ctx, error)) {
        // The request that ended it has given the browser its session.
        ctx.remove('Set-Cookie')
        return await renderMissing(ctx, ctx.oidc.provider, uid)
      }
      const reference = newReference()
      log.info({ reference, ...wordsOf(error) }, 'OIDC request refused')
      const client = ctx.oidc?.client
      const model = {
        status: ctx.status,
        kind: isKeptOut(ctx) ? 'application_suspended' : 'oidc',
        reference,
        oidcError: out.error,
        oidcDescription: out.error_description,
        backTo: { name: client?.clientName ?? 'Meine AOK', url: restartOf(client, issuer) },
      }
      await ctx.renderPage('error', { model }, ctx.status)
    },
    async renderUnavailable(ctx, err) {
      const reference = newReference()
      log.error({ reference, reason: 'unavailable', err }, 'refused')
      const retryAfter = Number(ctx.response.get('Retry-After'))
      await ctx.renderPage('error', { model: { status: 503, kind: 'unavailable', reference, retryAfter } }, 503)
    },
    async renderRefusal(ctx, error) {
      // Only who names HTML gets a page: programs send a star or nothing.
      await showRefusal(ctx, error, log, /text\/html|application\/xhtml/.test(ctx.get('Accept')))
    },
    async renderSignOut(ctx, model) {
      await ctx.renderPage('sign-out/confirm', { model })
    },
    async renderSignedOut(ctx, { refresh, ...model }) {
      await ctx.renderPage('sign-out/done', { model, ...(refresh && { refresh }) })
    },
  }
}
