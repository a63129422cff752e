import type { Context } from 'koa'
import type { CookieJar } from '../http/cookies.ts'

/** Interactions that a browser remembers: as many tabs may be open. */
const remembered = 5
const day = 24 * 60 * 60

const read = (ctx: Context, cookies: CookieJar) => (cookies.get(ctx, 'asking') ?? '').split(' ').filter(Boolean)

/**
 * Notes in the browser which application an interaction belongs to, for a day: a page that is looked at after the interaction has
 * ended still knows the way back, and nothing is stored here for who only looks.
 */
export function rememberAsking(ctx: Context, cookies: CookieJar, uid: string, clientId: string): void {
  const entry = `${uid}:${encodeURIComponent(clientId)}`
  const known = read(ctx, cookies)
  if (known.includes(entry)) return
  cookies.set(ctx, 'asking', [entry, ...known].slice(0, remembered).join(' '), day)
}

/** The application that an interaction of this browser belonged to. */
export function askingClient(ctx: Context, cookies: CookieJar, uid: string): string | undefined {
  const entry = read(ctx, cookies).find((each) => each.startsWith(`${uid}:`))
  return entry && decodeURIComponent(entry.slice(uid.length + 1))
}
