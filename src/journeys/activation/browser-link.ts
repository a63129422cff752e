import type { Deps, StoresOf } from '../deps.ts'

export type BrowserDeps = Pick<Deps, 'transaction' | 'clock' | 'random'> & StoresOf<'browsers'>

/** Tells whether the e-mailed link of a pause can still make a browser known. GET changes nothing. */
export async function isBrowserLinkUsable(token: string, deps: BrowserDeps): Promise<boolean> {
  return /^[\w-]{43}$/.test(token) && (await deps.stores.browsers.isLinkUsable(token, deps.clock.now()))
}

/**
 * Makes this browser known to the account of the link: its sign-ins have a lane of their own (security.md). One that was known
 * before gets another id, and the old one is forgotten: somebody may have a copy of its cookie and use its lane up.
 * @returns the id under which the browser is known now; `null` when the link is dead.
 */
export async function confirmBrowser(token: string, browser: string, deps: BrowserDeps): Promise<string | null> {
  const now = deps.clock.now()
  if (!/^[\w-]{43}$/.test(token)) return null
  return await deps.transaction(async (unit) => {
    const accountId = await unit.browsers.useLink(token, now)
    if (!accountId) return null
    const known = (await unit.browsers.forget(accountId, browser)) ? deps.random.token() : browser
    await unit.browsers.makeKnown(accountId, known, now)
    await unit.audit.browserMadeKnown({ at: now, accountId, by: 'link' })
    return known
  })
}
