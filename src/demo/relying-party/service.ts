import type Router from '@koa/router'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as client from 'openid-client'
import type { Configured } from './clients.ts'
import type { ShowPage } from './pages.ts'

type Service = { configured: Configured; show: ShowPage; log: (message: string) => void }

/** Adds the page of a service that asks for a token in its own name (RFC 6749, 4.4). */
export function addService(router: Router, { configured, show, log }: Service): void {
  const title = 'Dienst ohne Person (Demo)'
  router.get('/service', (ctx) => show(ctx, 'service', { title, answer: undefined, refusal: undefined }))
  router.post('/service', async (ctx) => {
    const configuration = await configured()
    try {
      const tokens = await client.clientCredentialsGrant(configuration)
      await show(ctx, 'service', { title, answer: describeAnswer(tokens), refusal: undefined })
    } catch (error) {
      log(`client credentials refused: ${(error as Error).message}`)
      const refusal = error instanceof client.ResponseBodyError ? error.error : 'invalid_answer'
      await show(ctx, 'service', { title, answer: undefined, refusal }, 502)
    }
  })
}

/** Describes a token answer without giving the token away. */
function describeAnswer({ access_token: token, ...rest }: { access_token: string } & Record<string, unknown>) {
  const jwt = token.split('.').length === 3
  return {
    token_type: rest.token_type,
    expires_in: rest.expires_in,
    scope: rest.scope ?? '(ohne)',
    access_token: `${jwt ? 'JWT' : 'undurchsichtig'}, ${token.length} Zeichen, beginnt mit ${token.slice(0, 4)}…`,
    ...(jwt && { header: decodeProtectedHeader(token), payload: decodeJwt(token) }),
  }
}
