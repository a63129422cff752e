import { Buffer } from 'node:buffer'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'

/** Bytes that a parameter of an authorization request may have: it is kept with the interaction until that ends. */
const usual = 2048
const larger: Record<string, number> = { claims: 8192, id_token_hint: 8192 }

/**
 * Refuses parameters that no real client needs so long, wherever they came from: query, form, pushed request (security.md,
 * "work per request").
 * @throws InvalidRequest naming the parameter.
 */
export function assertParameterSizes(ctx: KoaContextWithOIDC): void {
  for (const [name, value] of Object.entries(ctx.oidc.params ?? {})) {
    const most = Object.hasOwn(larger, name) ? (larger[name] as number) : usual
    if (typeof value === 'string' && Buffer.byteLength(value) > most)
      throw new errors.InvalidRequest(`${name} must not be longer than ${most} bytes`)
  }
}
