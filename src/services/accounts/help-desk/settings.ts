import type { Actor } from '../../../audit/event.ts'
import type { KeyedHash } from '../../../crypto/field-encryption.ts'
import type { PasswordHasher } from '../../../crypto/password-hasher.ts'
import type { Deadlines } from '../../../domain/deadlines.ts'
import type { Clock } from '../../../gateways/clock.ts'
import type { Limit } from '../../../gateways/limiter.ts'
import type { Stores } from '../../../stores/index.ts'
import type { Transaction } from '../../../stores/transaction.ts'
import type { LetterService } from '../../letters/letters.ts'
import type { MailService } from '../../messages/mails.ts'

/** What staff may do in an hour or a day, and the limits of members that they may clear. */
export type HelpDeskLimits = {
  /** Per person of staff, found or not: nobody trawls through members or guesses numbers. */
  looks: Limit
  /** Per person of staff. */
  reveals: Limit
  /** Per account: answers of callers. It is no limit of the member's own sign-in. */
  answers: Limit
  /** Per account: links that staff send; those that the member asks for are counted elsewhere. */
  activationMails: Limit
  /** Per account: a pause that is always cleared protects nobody. */
  clearedPauses: Limit
  /** The member's own: wrong passwords from unknown browsers per user name, wrong unlock codes per account. */
  signInFailures: Limit
  wrongUnlockCode: Limit
}

/** A question for the Sicherheitsfrage in both languages. */
export type Question = { id: string; de: string; en: string }

export type HelpDeskSettings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  hash: KeyedHash
  hasher: Pick<PasswordHasher, 'verify'>
  deadlines: Deadlines
  letters: Pick<LetterService, 'allowedAt' | 'request'>
  mails: MailService
  limits: HelpDeskLimits
  securityQuestions: readonly Question[]
  /** Name of an application, for what a member has agreed to. */
  applicationName(clientId: string): Promise<string | undefined>
}

/** Who does something, and why; the reason stands in the audit log. */
export type Doing = { actor: Actor; reason: string }

/** The key under which failures of a user name from unknown browsers are counted; the sign-in uses the same. */
export const failuresKey = (hash: KeyedHash, username: string): string => hash.hash(username, 'limit:username')

/** The key of limits per person of staff. */
export const personKey = (actor: Actor): string => actor
