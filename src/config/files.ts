import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { AuditClass } from '../audit/events.ts'
import { StartUpError } from '../errors.ts'
import { deliveriesSchema } from './deliveries.ts'

const seconds = z.int().positive()
const count = z.int().positive()

/** Colour tokens of `public/assets/main.css` by name, each `#rrggbb`; contrast of 7:1 for text is the operator's care. */
const colours = z.record(z.string().regex(/^[a-z-]+$/), z.string().regex(/^#[0-9a-f]{6}$/i, 'must look like #005e3f'))

/** Who speaks on pages, in e-mails and letters: `config/insurer.yaml`. */
const insurerSchema = z.strictObject({
  name: z.string(),
  shortName: z.string(),
  insurerNumber: z.string().regex(/^\d{9}$/),
  insurers: z.array(z.strictObject({ insurerNumber: z.string().regex(/^\d{9}$/), name: z.string() })).min(1),
  senderLine: z.string(),
  help: z.strictObject({ phone: z.string(), email: z.email(), branchUrl: z.url().optional() }),
  mailFrom: z.string(),
  termsVersion: z.string(),
  mobileCountries: z.array(z.string().regex(/^[A-Z]{2}$/)).min(1),
  minimumAge: count,
  operators: z
    .strictObject({
      alertEmail: z.email().optional(),
      /** Hash of the token by operator, from `operators:token`. */
      tokens: z
        .record(
          z.string().regex(/^[a-z0-9][a-z0-9._-]{1,39}$/),
          z.string().regex(/^[\w-]{43}$/, 'must be from operators:token'),
        )
        .default({}),
    })
    .default({ tokens: {} }),
  branding: z.strictObject({ light: colours, dark: colours }).partial().optional(),
})

/** At least a month: statistics and the shares of mTANs are counted from the log. */
const retention = z.int().min(30)

/** For how many days the bodies of audit events stay; may be left out. */
const auditRetentionSchema = z
  .strictObject({
    registration: retention.default(1095),
    letters: retention.default(1095),
    signIn: retention.default(365),
    mtan: retention.default(365),
    account: retention.default(3650),
    operation: retention.default(3650),
  } satisfies Record<AuditClass, z.ZodType>)
  .refine(({ account, registration }) => account >= registration, 'account must not be less than registration')
  .prefault({})

/** Deadlines in days of Europe/Berlin: `config/deadlines.yaml`. */
const deadlinesSchema = z.strictObject({
  activationDays: count,
  activationReminderDays: z.array(count),
  unlockCodeDays: count,
  unlockCodeReminderDaysBefore: count,
  neverSignedInDays: count,
  coverageGraceMonths: count,
  abandonedRegistrationHours: count,
  // Ends of what nobody uses any more; may be left out.
  endedAccountDays: count.default(90),
  unusedBrowserDays: count.default(400),
  unusedConsentDays: count.default(400),
  personMonthsAfterEnd: count.default(24),
  returnedLetterMonths: count.default(24),
  messageDays: count.default(30),
  smsReceiptDays: count.default(90),
  endedLinkMonths: count.default(12),
  letterLimit: z.strictObject({ count, windowDays: count, minimumGapHours: count }),
  auditRetentionDays: auditRetentionSchema,
})

const threshold = z
  .strictObject({ begin: z.number().positive(), end: z.number().positive() })
  .refine(({ begin, end }) => end < begin, 'end must lie below begin')

/** From when on new work is refused; may be left out. */
const knownBrowsersSchema = z
  .strictObject({ eventLoopDelay: threshold, passwordQueue: threshold })
  .default({ eventLoopDelay: { begin: 950, end: 500 }, passwordQueue: { begin: 0.7, end: 0.5 } })
const loadSheddingSchema = z
  .strictObject({
    eventLoopDelay: threshold,
    passwordQueue: threshold,
    knownBrowsers: knownBrowsersSchema,
    retryAfter: seconds,
  })
  .prefault({ eventLoopDelay: { begin: 750, end: 250 }, passwordQueue: { begin: 0.5, end: 0.25 }, retryAfter: 10 })

/** Euros in 24 hours; a counter of hundredths of a cent holds no more than 200 000. */
const euros = z.int().positive().max(200_000)
const spendingOf = (perCountry: number, germany: number, inAll: number) =>
  z
    .strictObject({
      perCountry: euros.default(perCountry),
      countries: z.record(z.string().regex(/^[A-Z]{2}$/), euros).default({ DE: germany }),
      inAll: euros.default(inAll),
    })
    .prefault({})

/** What SMS may cost by the prices of `sms.yaml`; may be left out. */
const spendingSchema = z
  .strictObject({ registration: spendingOf(100, 2000, 2500), signIn: spendingOf(500, 10_000, 12_000) })
  .prefault({ registration: {}, signIn: {} })

/** When a full member file looks truncated; may be left out. */
const memberImportSchema = z
  .strictObject({ suspiciousShare: z.number().min(0).max(1) })
  .default({ suspiciousShare: 0.02 })

/** How much larger limits per address are for an IPv6 /56 and /48; may be left out. */
const addressPrefixesSchema = z
  .strictObject({ per56: z.number().min(1), per48: z.number().min(1) })
  .refine(({ per56, per48 }) => per48 >= per56, 'per48 must not be less than per56')
  .default({ per56: 2, per48: 8 })

/** What one request may bring, refused before anything parses it; may be left out. */
const requestsSchema = z
  .strictObject({ queryBytes: count, parameters: count, cookies: count, headers: count, headerBytes: count })
  .default({ queryBytes: 8192, parameters: 100, cookies: 60, headers: 100, headerBytes: 16_384 })

/** Requests that store something for nobody in particular; may be left out. */
const authorizationRequestsSchema = z
  .strictObject({
    perAddressAndMinute: count,
    perAddressAndHour: count,
    perKnownBrowserAndMinute: count,
    pushedPerAddressAndMinute: count,
  })
  .default({
    perAddressAndMinute: 300,
    perAddressAndHour: 3000,
    perKnownBrowserAndMinute: 120,
    pushedPerAddressAndMinute: 600,
  })

/** Limits of security.md: `config/limits.yaml`. */
const limitsSchema = z.strictObject({
  argon2: z.strictObject({ memoryKiB: count, iterations: count, parallelism: count, perCore: count, queue: count }),
  mtan: z.strictObject({
    lifetime: seconds,
    tries: count,
    resendAfter: z.array(seconds).min(1),
    perJourney: count,
    registration: z.strictObject({
      perNumberAndDay: count,
      // May be left out.
      perNumberAndDayInAll: count.default(20),
      furtherPerNumberAndDay: count.default(10),
      perAddressAndHour: count,
      globalPerHour: count,
    }),
    signIn: z.strictObject({ perNumberAndHour: count, perNumberAndDay: count }),
    spending: spendingSchema,
    breaker: z.strictObject({ minimumSends: count, minimumShare: z.number().min(0).max(1), window: seconds }),
  }),
  signIn: z.strictObject({
    failures: z.strictObject({ count, window: seconds, pause: seconds }),
    perAddressAndMinute: count,
    browserLink: z.strictObject({ lifetime: seconds, perAccountAndHour: count }),
  }),
  // The window may be left out.
  unlockCode: z.strictObject({ wrong: count, window: seconds.default(3600), pause: seconds }),
  usernameChecks: z.strictObject({ perAddressAndHour: count }),
  registration: z.strictObject({ perAddressAndHour: count }),
  authorizationRequests: authorizationRequestsSchema,
  activationMail: z.strictObject({ perAccountAndDay: count }),
  addressPrefixes: addressPrefixesSchema,
  requests: requestsSchema,
  bodyBytes: count,
  memberImport: memberImportSchema,
  loadShedding: loadSheddingSchema,
})

/** How signing keys move, and how often processes look: `config/keys.yaml`. */
const keysSchema = z.strictObject({
  signing: z.strictObject({ rotateAfterDays: count, publishAheadHours: count, keepRetiredHours: count }),
  pollSeconds: seconds,
})

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
const printDeskSchema = z.strictObject({
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

const securityQuestionsSchema = z
  .array(z.strictObject({ id: z.string(), de: z.string(), en: z.string(), offered: z.boolean().default(true) }))
  .min(10)

/**
 * Reads what an operator edits in `configDir`.
 * @throws StartUpError naming file, key and fault.
 */
export function loadConfigFiles(configDir: string) {
  return {
    insurer: readYaml(configDir, 'insurer.yaml', insurerSchema),
    deadlines: readYaml(configDir, 'deadlines.yaml', deadlinesSchema),
    keys: readYaml(configDir, 'keys.yaml', keysSchema),
    deliveries: readYaml(configDir, 'deliveries.yaml', deliveriesSchema),
    limits: readYaml(configDir, 'limits.yaml', limitsSchema),
    printDesk: readYaml(configDir, 'print-desk.yaml', printDeskSchema),
    securityQuestions: readYaml(configDir, 'security-questions.yaml', securityQuestionsSchema),
  }
}

/** The members of the demo, in the file format of a core system. */
export const demoMembersOf = ({ configDir }: { configDir: string }): string =>
  join(configDir, 'demo/insured-persons.csv')

/**
 * Reads one file of `configDir`.
 * @throws StartUpError naming file, key and fault.
 */
export function readYaml<T>(configDir: string, name: string, schema: z.ZodType<T>): T {
  const path = join(configDir, name)
  let content: unknown
  try {
    content = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new StartUpError(`${path} cannot be read: ${(error as Error).message}. Mend the file or set CONFIG_DIR.`)
  }
  const result = schema.safeParse(content)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(file)'}: ${issue.message}`)
  throw new StartUpError(`${path} is not valid: ${faults.join('; ')}.`)
}
