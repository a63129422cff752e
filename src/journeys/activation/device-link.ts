import type { Deps } from '../deps.ts'

type DeviceDeps = Pick<Deps, 'stores' | 'transaction' | 'clock' | 'limits' | 'hash'>

/** Tells whether the e-mailed link of a pause can still make a device known. GET changes nothing. */
export async function isDeviceLinkUsable(token: string, deps: DeviceDeps): Promise<boolean> {
  return /^[\w-]{43}$/.test(token) && (await deps.stores.devices.isLinkUsable(token, deps.clock.now()))
}

/** Makes this browser known to the account of the link: its sign-ins have a lane of their own (security.md). */
export async function confirmDevice(token: string, device: string, deps: DeviceDeps): Promise<boolean> {
  const now = deps.clock.now()
  if (!/^[\w-]{43}$/.test(token)) return false
  return await deps.transaction(async (unit) => {
    const accountId = await unit.devices.useLink(token, now)
    if (!accountId) return false
    await unit.devices.makeKnown(accountId, device, now)
    await unit.audit.deviceMadeKnown({ at: now, accountId, by: 'link' })
    return true
  })
}
