import { assertIndexOf, insuranceNumberHash, insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { AccountState, SuspensionReason } from '../../domain/account-state.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { BounceReason, EmailBounce } from '../../domain/messages/email-bounce.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { openRow } from '../open-each.ts'

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
  /** Since when it is in its state. */
  stateChangedAt: Date
  /** `staff`: two persons ended it. */
  endReason: 'staff' | null
  /** Sign-ins with an earlier `auth_time`, in seconds since the epoch, have ended for good. */
  signInsFrom: number
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
  | 'stateChangedAt'
  | 'endReason'
  | 'signInsFrom'
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
  state_changed_at: Date
  end_reason: 'staff' | null
  /** The driver gives 64-bit numbers as text. */
  sign_ins_from: string | number | null
}

/** Its columns, named one by one: a column that a migration adds changes no result of a version that knows nothing of it. */
export const accountColumns = [
  'id',
  'username',
  'password_hash',
  'state',
  'suspension_reason',
  'insurance_number',
  'insurance_number_hash',
  'insurer_number',
  'identification',
  'email',
  'email_bounced_at',
  'email_bounce',
  'email_bounce_told_at',
  'mobile',
  'language',
  'terms_version',
  'registered_at',
  'activation_last_day',
  'activated_at',
  'code_last_day',
  'active_since',
  'security_question',
  'last_sign_in_at',
  'state_changed_at',
  'end_reason',
  'sign_ins_from',
] as const satisfies (keyof AccountRow)[]

/** Opens what a row holds. @throws UnreadableRow when a key is missing, or a value or the blind index was altered or moved */
export const readAccount = (row: AccountRow, protection: Protection): Account =>
  openRow('accounts', row.id, () => read(row, protection))

function read(row: AccountRow, { encryption, hash }: Protection): Account {
  const open = (column: 'insurance_number' | 'email' | 'mobile') =>
    encryption.decrypt(row[column], placeOf('accounts', column, row))
  const insuranceNumber = open('insurance_number')
  const hashes = insuranceNumberHashes(hash, insuranceNumber)
  assertIndexOf(hashes, row.insurance_number_hash, 'accounts')
  return {
    id: row.id,
    username: row.username,
    passwordHash: row.password_hash,
    state: row.state,
    suspensionReason: row.suspension_reason,
    insuranceNumber,
    insuranceNumberHash: row.insurance_number_hash,
    insuranceNumberHashes: hashes,
    insurerNumber: row.insurer_number,
    identification: row.identification,
    email: open('email'),
    emailBounce:
      row.email_bounce && row.email_bounced_at
        ? { reason: row.email_bounce, at: row.email_bounced_at, toldAt: row.email_bounce_told_at }
        : null,
    mobile: open('mobile'),
    language: row.language,
    termsVersion: row.terms_version,
    registeredAt: row.registered_at,
    activationLastDay: row.activation_last_day,
    activatedAt: row.activated_at,
    codeLastDay: row.code_last_day,
    activeSince: row.active_since,
    securityQuestion: row.security_question,
    lastSignInAt: row.last_sign_in_at,
    stateChangedAt: row.state_changed_at,
    endReason: row.end_reason,
    signInsFrom: Number(row.sign_ins_from ?? 0),
  }
}

/** Seals a registration for its row. */
export function writeAccount(account: NewAccount, { encryption, hash }: Protection) {
  const seal = (column: string, value: string) => encryption.encrypt(value, placeOf('accounts', column, account))
  return {
    id: account.id,
    username: account.username,
    password_hash: account.passwordHash,
    state: 'pending_activation',
    insurance_number: seal('insurance_number', account.insuranceNumber),
    insurance_number_hash: insuranceNumberHash(hash, account.insuranceNumber),
    insurer_number: account.insurerNumber,
    identification: account.identification,
    email: seal('email', account.email),
    mobile: seal('mobile', account.mobile),
    language: account.language,
    terms_version: account.termsVersion,
    registered_at: account.registeredAt,
    activation_last_day: account.activationLastDay,
    state_changed_at: account.registeredAt,
  }
}
