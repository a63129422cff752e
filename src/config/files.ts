import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { z } from 'zod'
import type { AuditClass } from '../audit/events.ts'
import { StartUpError } from '../errors.ts'
import { deliveriesSchema } from './deliveries.ts'
import { limitsSchema } from './limits.ts'
import { printDeskSchema } from './print-desk.ts'

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
    staff: retention.default(3650),
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

/** How signing keys move, and how often processes look: `config/keys.yaml`. */
const keysSchema = z.strictObject({
  signing: z.strictObject({ rotateAfterDays: count, publishAheadHours: count, keepRetiredHours: count }),
  pollSeconds: seconds,
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
    content = load(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new StartUpError(`${path} cannot be read: ${(error as Error).message}. Mend the file or set CONFIG_DIR.`)
  }
  const result = schema.safeParse(content)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(file)'}: ${issue.message}`)
  throw new StartUpError(`${path} is not valid: ${faults.join('; ')}.`)
}
