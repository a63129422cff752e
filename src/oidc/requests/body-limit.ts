import type { EventEmitter } from 'node:events'

/**
 * Answers 413 where oidc-provider, which stops reading a body at 56 KiB, would answer 400 (RFC 9110 § 15.5.14). The
 * events come after the answer is built and before it is sent.
 */
export function answerTooLargeBodies(provider: EventEmitter): void {
  for (const event of [
    'grant.error',
    'userinfo.error',
    'revocation.error',
    'introspection.error',
    'pushed_authorization_request.error',
    'end_session_confirm.error',
  ] as const)
    provider.on(event, (ctx: { status: number }, error: Error) => {
      const { cause } = error
      if (cause instanceof Error && cause.message === 'request entity too large') ctx.status = 413
    })
}
