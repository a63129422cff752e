import { z } from 'zod'

const count = z.int().positive()

/** A letter of each run to the operator; may be left out. */
const canarySchema = z
  .strictObject({
    enabled: z.boolean(),
    name: z.string().min(1),
    address: z.strictObject({ street: z.string().min(1), postalCode: z.string().min(1), city: z.string().min(1) }),
    alertAfterDays: count,
  })
  .default({ enabled: false, name: '-', address: { street: '-', postalCode: '-', city: '-' }, alertAfterDays: 6 })

/** Cut-off, working days and size of print runs: `config/print-desk.yaml`. */
export const printDeskSchema = z.strictObject({
  schedule: z.boolean(),
  cutOff: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must look like 14:00'),
  postingWeekdays: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1),
  productionDays: z.int().min(0).max(10),
  holidays: z.enum(['BY', 'BW', 'BUND']).nullable(),
  closedDays: z.array(z.string().regex(/^(\d{4}-)?\d\d-\d\d$/, 'must look like 12-24 or 2027-12-24')),
  receiptGraceDays: z.int().min(0).max(10),
  runSize: count.max(100_000),
  envelope: z.strictObject({ codes: count.max(400), codesOfRepeatedNumbers: count.max(400) }),
  deliveryAlertAfter: count,
  canary: canarySchema,
})
