import type { Deps, StoresOf } from '../deps.ts'

export type DeviceDeps = Pick<Deps, 'transaction' | 'clock' | 'random'> & StoresOf<'devices'>

/** Tells whether the e-mailed link of a pause can still make a device known. GET changes nothing. */
export async function isDeviceLinkUsable(token: string, deps: DeviceDeps): Promise<boolean> {
  return /^[\w-]{43}$/.test(token) && (await deps.stores.devices.isLinkUsable(token, deps.clock.now()))
}

/**
 * Makes this browser known to the account of the link: its sign-ins have a lane of their own (security.md). One that was known
 * before gets another id, and the old one is forgotten: somebody may have a copy of its cookie and use its lane up.
 * @returns the id under which the browser is known now; `null` when the link is dead.
 */
export async function confirmDevice(token: string, device: string, deps: DeviceDeps): Promise<string | null> {
  const now = deps.clock.now()
  if (!/^[\w-]{43}$/.test(token)) return null
  return await deps.transaction(async (unit) => {
    const accountId = await unit.devices.useLink(token, now)
    if (!accountId) return null
    const known = (await unit.devices.forget(accountId, device)) ? deps.random.token() : device
    await unit.devices.makeKnown(accountId, known, now)
    await unit.audit.deviceMadeKnown({ at: now, accountId, by: 'link' })
    return known
  })
}
