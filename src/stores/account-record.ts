import type { AccountState, SuspensionReason } from '../domain/account-state.ts'
import type { CalendarDay } from '../domain/calendar.ts'
import type { BounceReason, EmailBounce } from '../domain/email-bounce.ts'
import { insuranceNumberHash, insuranceNumberHashes } from './blind-index.ts'
import type { Protection } from './protection.ts'

/** A member's account from the confirmed registration on. `insuranceNumber` is as typed, known to the register or not. */
export type Account = {
  id: string
  username: string
  passwordHash: string
  state: Exclude<AccountState, 'deleted'>
  suspensionReason: SuspensionReason | null
  insuranceNumber: string
  insuranceNumberHash: string
  /** The blind index under every key of the ring, newest first, while keys rotate. */
  insuranceNumberHashes: string[]
  insurerNumber: string
  identification: string
  email: string
  /** E-mail to this address came back. */
  emailBounce: EmailBounce | null
  /** E.164 */
  mobile: string
  language: string
  termsVersion: string
  registeredAt: Date
  activationLastDay: CalendarDay
  activatedAt: Date | null
  /** End of the last posted unlock code. */
  codeLastDay: CalendarDay | null
  activeSince: Date | null
  securityQuestion: string | null
  lastSignInAt: Date | null
}

export type NewAccount = Omit<
  Account,
  | 'insuranceNumberHash'
  | 'insuranceNumberHashes'
  | 'state'
  | 'suspensionReason'
  | 'emailBounce'
  | 'activatedAt'
  | 'codeLastDay'
  | 'activeSince'
  | 'securityQuestion'
  | 'lastSignInAt'
>

/** An account as its table holds it: personal data encrypted, the number also as a blind index. */
export type AccountRow = {
  id: string
  username: string
  password_hash: string
  state: Account['state']
  suspension_reason: SuspensionReason | null
  insurance_number: string
  insurance_number_hash: string
  insurer_number: string
  identification: string
  email: string
  email_bounced_at: Date | null
  email_bounce: BounceReason | null
  email_bounce_told_at: Date | null
  mobile: string
  language: string
  terms_version: string
  registered_at: Date
  activation_last_day: CalendarDay
  activated_at: Date | null
  code_last_day: CalendarDay | null
  active_since: Date | null
  security_question: string | null
  last_sign_in_at: Date | null
}

/** Opens what a row holds. */
export function readAccount(row: AccountRow, { encryption, hash }: Protection): Account {
  const insuranceNumber = encryption.decrypt(row.insurance_number, 'accounts.insurance_number')
  return {
    id: row.id,
    username: row.username,
    passwordHash: row.password_hash,
    state: row.state,
    suspensionReason: row.suspension_reason,
    insuranceNumber,
    insuranceNumberHash: row.insurance_number_hash,
    insuranceNumberHashes: insuranceNumberHashes(hash, insuranceNumber),
    insurerNumber: row.insurer_number,
    identification: row.identification,
    email: encryption.decrypt(row.email, 'accounts.email'),
    emailBounce:
      row.email_bounce && row.email_bounced_at
        ? { reason: row.email_bounce, at: row.email_bounced_at, toldAt: row.email_bounce_told_at }
        : null,
    mobile: encryption.decrypt(row.mobile, 'accounts.mobile'),
    language: row.language,
    termsVersion: row.terms_version,
    registeredAt: row.registered_at,
    activationLastDay: row.activation_last_day,
    activatedAt: row.activated_at,
    codeLastDay: row.code_last_day,
    activeSince: row.active_since,
    securityQuestion: row.security_question,
    lastSignInAt: row.last_sign_in_at,
  }
}

/** Seals a registration for its row. */
export function writeAccount(account: NewAccount, { encryption, hash }: Protection) {
  return {
    id: account.id,
    username: account.username,
    password_hash: account.passwordHash,
    state: 'pending_activation',
    insurance_number: encryption.encrypt(account.insuranceNumber, 'accounts.insurance_number'),
    insurance_number_hash: insuranceNumberHash(hash, account.insuranceNumber),
    insurer_number: account.insurerNumber,
    identification: account.identification,
    email: encryption.encrypt(account.email, 'accounts.email'),
    mobile: encryption.encrypt(account.mobile, 'accounts.mobile'),
    language: account.language,
    terms_version: account.termsVersion,
    registered_at: account.registeredAt,
    activation_last_day: account.activationLastDay,
    state_changed_at: account.registeredAt,
  }
}
