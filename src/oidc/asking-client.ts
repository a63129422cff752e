import type { Context } from 'koa'
import type { CookieJar } from '../http/cookies.ts'
import { routes } from './settings/routes.ts'

const day = 24 * 60 * 60

/**
 * Notes in the browser which application an interaction belongs to, for a day: a page that is looked at after the interaction has
 * ended still knows the way back, and nothing is stored here for who only looks. Each interaction has cookies at its own
 * addresses, so that tabs opened at once overwrite nothing.
 */
export function rememberAsking(ctx: Context, cookies: CookieJar, uid: string, clientId: string): void {
  if (askingClient(ctx, cookies) === clientId) return
  for (const path of [`/anmeldung/${uid}`, `${routes.authorization}/${uid}`])
    cookies.pathBound.set(ctx, 'asking', encodeURIComponent(clientId), day, path)
}

/** The application that the interaction at this address belonged to. */
export function askingClient(ctx: Context, cookies: CookieJar): string | undefined {
  const value = cookies.pathBound.get(ctx, 'asking')
  return value === undefined ? undefined : decodeURIComponent(value)
}
