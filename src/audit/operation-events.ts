import { type AppendAuditEvent, type Common, event, type MaybeOfAccount, type OfAccount } from './event.ts'

type RunFields = Common & { runId: string; count: number }

/** Letters on their way: asked for, printed in runs, posted, returned. */
export function letterEvents(append: AppendAuditEvent) {
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

type ImportCounts = { added: number; changed: number; left: number; unchanged: number; refused: number }

/** What operators do, and what they are told. */
export function operatorEvents(append: AppendAuditEvent) {
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
    /**
     * The bodies of a class of events that are older than `before` (ISO instant) were emptied at the end of their retention: `count` of
     * them now, all up to the row `until`.
     */
    auditBodiesEmptied: event<Common & { name: string; before: string; until: string; count: number }>(
      append,
      'audit_bodies_emptied',
      'system',
      ['name', 'before', 'until', 'count'],
    ),
    /** Somebody began to take events out of the log; `filter` says which, `accountId` is there when those of one account were asked for. */
    auditExportBegun: event<MaybeOfAccount & { exportId: string; format: string; filter: string }>(
      append,
      'audit_export_begun',
      'cli',
      ['exportId', 'format', 'filter'],
    ),
    /** The export is whole: `count` events, `digest` is the SHA-256 of its bytes in base64url. */
    auditExported: event<Common & { exportId: string; format: string; count: number; digest: string }>(
      append,
      'audit_exported',
      'cli',
      ['exportId', 'format', 'count', 'digest'],
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
