import type { Context } from 'koa'
import type { AdminScope } from '../domain/clients/scopes.ts'
import type { Caller } from './operation.ts'
import { Problem } from './problem.ts'

/** Finds whom an access token was issued to and what it may; undefined when it is none, is over, or its client is kept out. */
export type VerifyToken = (token: string) => Promise<Caller | undefined>

/** b64token of RFC 6750 § 2.1. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i

/**
 * Lets in who has an access token with the scope (RFC 6750). A token is looked for in its header only: one in an address would be logged.
 * @throws Problem
 */
export async function authorize(ctx: Context, scope: AdminScope, verify: VerifyToken): Promise<Caller> {
  const given = ctx.get('Authorization')
  if (!given) throw challenge('unauthorized', {})
  const token = bearer.exec(given)?.[1]
  const caller = token && (await verify(token))
  if (!caller) throw challenge('invalid-token', { error: 'invalid_token' })
  if (!caller.scopes.includes(scope)) throw challenge('insufficient-scope', { error: 'insufficient_scope', scope })
  return caller
}

function challenge(problem: 'unauthorized' | 'invalid-token' | 'insufficient-scope', parts: Record<string, string>) {
  const words = Object.entries({ realm: 'admin', ...parts }).map(([name, value]) => `${name}="${value}"`)
  return new Problem(problem, { headers: { 'WWW-Authenticate': `Bearer ${words.join(', ')}` } })
}
