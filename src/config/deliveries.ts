import { z } from 'zod'

const count = z.int().positive()

const lane = z.strictObject({
  atOnce: count,
  perSecond: count.optional(),
  timeout: count,
  firstRetry: count,
  longestRetry: count,
  giveUpAfter: count,
})

/** How messages leave: `config/deliveries.yaml`, durations in seconds. */
export const deliveriesSchema = z.strictObject({ sms: lane, backchannelLogout: lane, email: lane, printRun: lane })
