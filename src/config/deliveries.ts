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

/**
 * How messages leave: `config/deliveries.yaml`, durations in seconds. The time of a try of an SMS outlasts the longest route over its
 * gateways (config/sms.ts).
 */
export const deliveriesSchema = z.strictObject({
  sms: lane.extend({ timeout: z.int().min(10), repeatInDoubt: count }),
  backchannelLogout: lane,
  email: lane,
})
