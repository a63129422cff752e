import { z } from 'zod'

const seconds = z.int().positive()
const count = z.int().positive()

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
export const limitsSchema = z.strictObject({
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
