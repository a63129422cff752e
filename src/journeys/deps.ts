import type { KeyedHash } from '../crypto/field-encryption.ts'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Random } from '../crypto/random.ts'
import type { Deadlines } from '../domain/deadlines.ts'
import type { AddressLimit } from '../gateways/address-limit.ts'
import type { Clock } from '../gateways/clock.ts'
import type { Limit } from '../gateways/limiter.ts'
import type { StandingService } from '../services/accounts/standing.ts'
import type { LetterService } from '../services/letters/letters.ts'
import type { MailService } from '../services/messages/mails.ts'
import type { MtanService } from '../services/messages/mtans.ts'
import type { Stores } from '../stores/index.ts'
import type { Transaction } from '../stores/transaction.ts'
import type { StepObserver } from './journey.ts'

export type SecurityQuestion = { id: string; de: string; en: string; offered: boolean }

/** Limits that journeys count against; keys are keyed hashes (security.md), those per address take the address itself. */
export type JourneyLimits = {
  /** Wrong passwords from unknown browsers, per user name, known or not. */
  signInFailures: Limit
  /** Wrong passwords from one known browser, per user name. */
  knownBrowserFailures: Limit
  signInAddress: AddressLimit
  browserLink: Limit
  wrongUnlockCode: Limit
  usernameChecks: AddressLimit
  registrationAddress: AddressLimit
  activationMail: Limit
}

/** The stores that a step reads outside a transaction. */
export type StoresOf<K extends keyof Stores> = { stores: Pick<Stores, K> }

/** The limits that a step counts against. */
export type LimitsOf<K extends keyof JourneyLimits> = { limits: Pick<JourneyLimits, K> }

/** What there is; each step names its part of it, and each journey what its steps name. */
export type Deps = {
  stores: Stores
  transaction: Transaction
  hasher: PasswordHasher
  hash: KeyedHash
  clock: Clock
  /** The machine's own clock, by which the protocol counts (`auth_time`); it never follows the development clock. */
  protocolClock: Clock
  random: Random
  limits: JourneyLimits
  letters: LetterService
  mtans: MtanService
  standing: StandingService
  mails: MailService
  deadlines: Deadlines
  securityQuestions: readonly SecurityQuestion[]
  /** Keyed hash under which the audit log counts failures of a name that no account has. */
  unknownNameHash(name: string): string
  isCommonPassword(password: string): boolean
  insurers: readonly { insurerNumber: string; name: string }[]
  mobileCountries: readonly string[]
  termsVersion: string
  /** Lifetime of the e-mailed link that makes a browser known, in seconds. */
  browserLinkLifetime: number
  issuer: string
  observeStep?: StepObserver
}
