import type { KeyedHash } from '../gateways/field-encryption.ts'
import { type AppendAuditEvent, type Common, event, type MaybeOfAccount, type OfAccount } from './event.ts'

export type AuditTrail = ReturnType<typeof createAuditTrail>

/**
 * Creates the audit trail: one function per event, each writing exactly the fields it names and nothing else,
 * so that no personal data slips in with a larger object (security.md, "audit log").
 */
export function createAuditTrail(append: AppendAuditEvent) {
  return {
    ...registrationEvents(append),
    ...letterEvents(append),
    ...signInEvents(append),
    ...mtanEvents(append),
    ...accountEvents(append),
    ...operatorEvents(append),
  }
}

/** What events are about; each class is kept for a time of its own (`deadlines.yaml`, `auditRetentionDays`). */
const classes = {
  registration: registrationEvents,
  letters: letterEvents,
  signIn: signInEvents,
  mtan: mtanEvents,
  account: accountEvents,
  operation: operatorEvents,
}
export type AuditClass = keyof typeof classes

/** Lists the types of the events of each class. */
export const auditTypes = Object.fromEntries(
  Object.entries(classes).map(([name, events]) => [
    name,
    Object.values(events(async () => {})).map(({ type }) => type),
  ]),
) as Record<AuditClass, string[]>

/** Hashes an unknown user name for `signInFailed`: the same name can be counted, but not read. */
export function unknownNameHash(hash: KeyedHash, username: string): string {
  return hash.hash(username, 'audit_unknown_name')
}

function registrationEvents(append: AppendAuditEvent) {
  return {
    /** A registration was stored after its mobile number was confirmed. */
    registrationCreated: event<OfAccount & { identification: string; termsVersion: string }>(
      append,
      'registration_created',
      'member',
      ['identification', 'termsVersion'],
    ),
    /** The link of a registration was handed to the outbox; `reminder` is 0 for the first mail. */
    activationLinkSent: event<OfAccount & { reminder: number }>(append, 'activation_link_sent', 'system', ['reminder']),
    /** The member pressed the button behind the link. */
    registrationActivated: event<OfAccount>(append, 'registration_activated', 'member'),
    /** A registration went with all its personal data: not activated, never signed in, another one became active. */
    registrationDeleted: event<OfAccount & { reason: string }>(append, 'registration_deleted', 'system', ['reason']),
    /** Somebody registered with the number of an active account; `accountId` is the active one. */
    registrationAttemptOnExistingAccount: event<OfAccount>(
      append,
      'registration_attempt_on_existing_account',
      'system',
    ),
  }
}

type RunFields = Common & { runId: string; count: number }

function letterEvents(append: AppendAuditEvent) {
  return {
    /** A letter was asked for: after activation (`first`), after the code ran out (`again`) or for recovery. */
    letterRequested: event<OfAccount & { purpose: string }>(append, 'letter_requested', 'member', ['purpose']),
    /** A print run collects letters until its cut-off (ISO instant). */
    printRunOpened: event<Common & { runId: string; collectsUntil: string }>(append, 'print_run_opened', 'system', [
      'runId',
      'collectsUntil',
    ]),
    /** The cut-off has passed: the planned posting day (ISO date) is fixed and the run is being prepared. */
    printRunClosed: event<Common & { runId: string; postingDay: string }>(append, 'print_run_closed', 'system', [
      'runId',
      'postingDay',
    ]),
    /** A damaged or lost letter was stopped and another one asked for; `letterId` is the stopped one. */
    letterReprinted: event<OfAccount & { letterId: string }>(append, 'letter_reprinted', 'cli', ['letterId']),
    /** A print run with `count` letters and its planned posting day (ISO date) was put together. */
    printRunPrepared: event<RunFields & { postingDay: string }>(append, 'print_run_prepared', 'system', [
      'runId',
      'count',
      'postingDay',
    ]),
    /** A print run may go to the printer. */
    printRunReleased: event<RunFields>(append, 'print_run_released', 'system', ['runId', 'count']),
    /** The letters are in the post; the plain codes and PDFs are destroyed. */
    printRunPosted: event<RunFields>(append, 'print_run_posted', 'system', ['runId', 'count']),
    /** A print run missed its day or was called back; its letters wait for the next. */
    printRunCancelled: event<RunFields & { reason: string }>(append, 'print_run_cancelled', 'system', [
      'runId',
      'count',
      'reason',
    ]),
    /** A letter was posted to the person of this account. */
    letterPosted: event<OfAccount & { runId: string; purpose: string }>(append, 'letter_posted', 'system', [
      'runId',
      'purpose',
    ]),
    /** A letter came back; for a registration that is gone there is no account. */
    letterReturned: event<MaybeOfAccount & { letterId: string }>(append, 'letter_returned', 'cli', ['letterId']),
    /** The register has another address than the one that this letter came back from. */
    letterAddressCleared: event<Common & { letterId: string }>(append, 'letter_address_cleared', 'system', [
      'letterId',
    ]),
    /** Letters of a run stayed out because mail had come back from their address; whose they are is not recorded. */
    lettersWithheld: event<Common & { count: number }>(append, 'letters_withheld', 'system', ['count']),
    /** An operator looked at the insurance numbers of returned letters. */
    returnedLettersListed: event<Common & { count: number }>(append, 'returned_letters_listed', 'cli', ['count']),
    /** The letter to the operator that went with a run has arrived, `days` after its posting. */
    canaryLetterEntered: event<Common & { runId: string; days: number }>(append, 'canary_letter_entered', 'cli', [
      'runId',
      'days',
    ]),
    /** A well-formed but wrong unlock code was entered. */
    unlockCodeRejected: event<OfAccount & { reason: string }>(append, 'unlock_code_rejected', 'member', ['reason']),
    /** The unlock code of this registration was entered; it is consumed when the account becomes active. */
    unlockCodeAccepted: event<OfAccount>(append, 'unlock_code_accepted', 'member'),
  }
}

type SignInFields = OfAccount & { clientId: string; acr: string; amr: readonly string[]; deviceKnown: boolean }

function signInEvents(append: AppendAuditEvent) {
  return {
    /** The last step of a sign-in was passed for this application (`acr`, `amr`: RFC 8176). */
    signInSucceeded: event<SignInFields>(append, 'sign_in_succeeded', 'member', [
      'clientId',
      'acr',
      'amr',
      'deviceKnown',
    ]),
    /** A sign-in was refused. For an unknown user name `nameHash` comes from `unknownNameHash`, never the name. */
    signInFailed: event<MaybeOfAccount & { reason: string; nameHash?: string; deviceKnown?: boolean }>(
      append,
      'sign_in_failed',
      'member',
      ['reason', 'nameHash', 'deviceKnown'],
    ),
    /** Too many failures: unknown devices wait `seconds`; for an unknown name there is no account. */
    signInPaused: event<MaybeOfAccount & { seconds: number; nameHash?: string }>(append, 'sign_in_paused', 'system', [
      'seconds',
      'nameHash',
    ]),
    /** A link that makes a device known was sent to the account's e-mail address. */
    deviceLinkSent: event<OfAccount>(append, 'device_link_sent', 'member'),
    /** A browser was marked as known: at the registration, a sign-in, or by the link. */
    deviceMadeKnown: event<OfAccount & { by: 'registration' | 'sign_in' | 'link' }>(
      append,
      'device_made_known',
      'member',
      ['by'],
    ),
    /** The member's session ended on his wish; `clientId` is the application that asked, if any. */
    signedOut: event<OfAccount & { clientId?: string }>(append, 'signed_out', 'member', ['clientId']),
  }
}

function mtanEvents(append: AppendAuditEvent) {
  return {
    /** An mTAN was sent; `country` is ISO 3166-1 of the number. */
    mtanSent: event<MaybeOfAccount & { purpose: string; country: string }>(append, 'mtan_sent', 'member', [
      'purpose',
      'country',
    ]),
    /** A wrong or expired mTAN was entered. */
    mtanRejected: event<MaybeOfAccount & { purpose: string }>(append, 'mtan_rejected', 'member', ['purpose']),
    /** The breaker of a purpose and country opened: `share` (0–1) of the codes sent had been entered. */
    smsSendsStopped: event<Common & { purpose: string; country: string; share: number }>(
      append,
      'sms_sends_stopped',
      'system',
      ['purpose', 'country', 'share'],
    ),
  }
}

function accountEvents(append: AppendAuditEvent) {
  return {
    /** The first sign-in was finished: the account is active. */
    accountActivated: event<OfAccount>(append, 'account_activated', 'member'),
    /** The account was suspended, by a rule of the register or by staff. */
    accountSuspended: event<OfAccount & { reason: string }>(append, 'account_suspended', 'system', ['reason']),
    /** The reason of the suspension is gone. */
    accountResumed: event<OfAccount>(append, 'account_resumed', 'system'),
    /** The account ended: coverage is over for longer than the grace period, or another reason. */
    accountEnded: event<OfAccount & { reason: string }>(append, 'account_ended', 'system', ['reason']),
    /** The security question was chosen or changed; neither question nor answer is recorded. */
    securityQuestionSet: event<OfAccount>(append, 'security_question_set', 'member'),
    /** The member agreed that a third-party application gets these scopes. */
    consentGranted: event<OfAccount & { clientId: string; scopes: readonly string[] }>(
      append,
      'consent_granted',
      'member',
      ['clientId', 'scopes'],
    ),
    /** The member took the consent back. */
    consentRevoked: event<OfAccount & { clientId: string; scopes: readonly string[] }>(
      append,
      'consent_revoked',
      'member',
      ['clientId', 'scopes'],
    ),
  }
}

type ImportCounts = { added: number; changed: number; left: number; unchanged: number; refused: number }

function operatorEvents(append: AppendAuditEvent) {
  return {
    /** An import of the membership register was committed. */
    insuredPersonsImported: event<Common & ImportCounts>(append, 'insured_persons_imported', 'cli', [
      'added',
      'changed',
      'left',
      'unchanged',
      'refused',
    ]),
    /** A signing key was made and will be published. */
    signingKeyCreated: event<Common & { kid: string; alg: string }>(append, 'signing_key_created', 'system', [
      'kid',
      'alg',
    ]),
    /** The next signing key of an algorithm signs from now on; the one before only verifies. */
    signingKeyRotated: event<Common & { kid: string; alg: string; retiredKid: string }>(
      append,
      'signing_key_rotated',
      'system',
      ['kid', 'alg', 'retiredKid'],
    ),
    /** A signing key left the published set: its tokens are dead (`expired`), or it was known to others (`revoked`). */
    signingKeyRemoved: event<Common & { kid: string; alg: string; reason: 'expired' | 'revoked' }>(
      append,
      'signing_key_removed',
      'system',
      ['kid', 'alg', 'reason'],
    ),
    /** A step of a key ring was prepared: `add` made the key, `use` put it in front, `remove` took it out. */
    keyRingChanged: event<Common & { ring: string; kid: string; step: 'add' | 'use' | 'remove' }>(
      append,
      'key_ring_changed',
      'cli',
      ['ring', 'kid', 'step'],
    ),
    /** Every row is under these keys; `rows` had another one before. */
    rowsRewritten: event<Common & { encryptionKid: string; hashKid: string; rows: number }>(
      append,
      'rows_rewritten',
      'system',
      ['encryptionKid', 'hashKid', 'rows'],
    ),
    /** Operators were told that something is wrong: the kind of alert, and where, in words without personal data. */
    operatorsAlerted: event<Common & { kind: string; detail: string }>(append, 'operators_alerted', 'system', [
      'kind',
      'detail',
    ]),
    /** A message was given up: its time or its tries were over, or it was refused for good. */
    messageUndeliverable: event<MaybeOfAccount & { kind: string; purpose: string; reason: string }>(
      append,
      'message_undeliverable',
      'system',
      ['kind', 'purpose', 'reason'],
    ),
    /** E-mail to the account's address came back, because mailbox or domain do not exist. */
    emailBounced: event<OfAccount & { reason: string }>(append, 'email_bounced', 'system', ['reason']),
  }
}
