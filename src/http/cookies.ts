import Keygrip from 'keygrip'
import type { Context } from 'koa'

/**
 * Cookie names: under https with the `__Host-` prefix, which browsers accept only with Secure, path `/` and no domain; a cookie
 * for one path only (`pathBound`) has `__Secure-`.
 */
export type CookieJar = {
  get(ctx: Context, name: string): string | undefined
  /** `maxAge` in seconds; without it the cookie ends with the browser. */
  set(ctx: Context, name: string, value: string, maxAge?: number): void
  clear(ctx: Context, name: string): void
  /** A cookie that comes with addresses at and below one path. */
  pathBound: {
    get(ctx: Context, name: string): string | undefined
    set(ctx: Context, name: string, value: string, maxAge: number, path: string): void
  }
}

/**
 * Makes the signer of every cookie, of ours and of oidc-provider: HMAC-SHA-256, because that of keygrip is over SHA-1 unless told
 * (BSI TR-02102-1, 5.3). The first key signs, every key verifies.
 */
export const createCookieSigner = (keys: readonly string[]): Keygrip => new Keygrip([...keys], 'sha256')

/** Creates signed, HttpOnly, SameSite=Lax cookies (security.md, "sessions"). */
export function createCookieJar({ secure }: { secure: boolean }): CookieJar {
  const named = (name: string) => (secure ? `__Host-${name}` : name)
  const bound = (name: string) => (secure ? `__Secure-${name}` : name)
  const options = { httpOnly: true, sameSite: 'lax', path: '/', signed: true, overwrite: true } as const
  return {
    get: (ctx, name) => ctx.cookies.get(named(name), { signed: true }),
    set: (ctx, name, value, maxAge) =>
      void ctx.cookies.set(named(name), value, { ...options, secure, ...(maxAge && { maxAge: maxAge * 1000 }) }),
    clear: (ctx, name) => void ctx.cookies.set(named(name), null, { ...options, secure }),
    pathBound: {
      get: (ctx, name) => ctx.cookies.get(bound(name), { signed: true }),
      set: (ctx, name, value, maxAge, path) =>
        // One answer may set the same name for several paths; `overwrite` would keep the last only.
        void ctx.cookies.set(bound(name), value, { ...options, overwrite: false, secure, path, maxAge: maxAge * 1000 }),
    },
  }
}
