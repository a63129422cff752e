import type { Config } from '../config.ts'
import type { Lane } from '../jobs/deliveries.ts'
import { claimReserve } from '../services/messages/deliveries.ts'

/**
 * Lists the lanes of a process. Each kind has its own, so that a relay that hangs or ten thousand e-mails hold up nobody's
 * mTAN; a process that only answers pages sends what somebody waits for in front of the screen.
 */
export function createLanes({ deliveries }: Config, works: boolean): Lane[] {
  const lane = (kinds: Lane['kinds'], { atOnce, perSecond, timeout }: Config['deliveries']['email']): Lane => ({
    ...{ kinds, atOnce, perSecond },
    lease: timeout + claimReserve,
  })
  const urgent = [lane(['sms'], deliveries.sms), lane(['backchannel_logout'], deliveries.backchannelLogout)]
  if (!works) return urgent
  return [...urgent, lane(['email', 'discarded'], deliveries.email)]
}
