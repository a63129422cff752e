import { type AppendAuditEvent, type Common, event, type OfAccount } from './event.ts'

type OfStaff = Common & { staffId: string }

/** What becomes of the accounts of staff, and what they do to members. */
export function staffEvents(append: AppendAuditEvent) {
  return {
    /** A member of staff was invited with this role. */
    staffInvited: event<OfStaff & { role: string }>(append, 'staff_invited', 'cli', ['staffId', 'role']),
    /** The invitation was taken up: password and second factor are set. `again`: the second factor was made anew. */
    staffJoined: event<OfStaff & { again: boolean }>(append, 'staff_joined', 'system', ['staffId', 'again']),
    /** A member of staff has another role. */
    staffRoleChanged: event<OfStaff & { from: string; to: string }>(append, 'staff_role_changed', 'cli', [
      'staffId',
      'from',
      'to',
    ]),
    /** Lets in no more; sessions have ended with it, and passkeys are gone. */
    staffDeactivated: event<OfStaff>(append, 'staff_deactivated', 'cli', ['staffId']),
    /** Password, second factor and passkeys of a member of staff count no more; a link to set a new one was made. */
    staffFactorReset: event<OfStaff>(append, 'staff_factor_reset', 'system', ['staffId']),
    /** A member of staff has a further passkey to sign in with. */
    staffPasskeyAdded: event<OfStaff & { passkeyId: string }>(append, 'staff_passkey_added', 'system', [
      'staffId',
      'passkeyId',
    ]),
    /** A member of staff removed a passkey; other sessions of the person have ended with it. */
    staffPasskeyRemoved: event<OfStaff & { passkeyId: string }>(append, 'staff_passkey_removed', 'system', [
      'staffId',
      'passkeyId',
    ]),
    /** A right proof of a passkey was refused, because its counter did not go on: there may be a copy of it. */
    staffPasskeyCounterFellBack: event<OfStaff & { passkeyId: string }>(append, 'staff_passkey_counter', 'system', [
      'staffId',
      'passkeyId',
    ]),
    /** A member of staff signed in to the console, by `password` or `passkey`; `browserKnown`: from a browser that the person has used before. */
    staffSignedIn: event<OfStaff & { browserKnown: boolean; by: 'password' | 'passkey' }>(
      append,
      'staff_signed_in',
      'system',
      ['staffId', 'browserKnown', 'by'],
    ),
    /** A sign-in at the console was refused; without `staffId` nobody has the address, or the passkey. */
    staffSignInFailed: event<Common & { staffId?: string; reason: string }>(append, 'staff_sign_in_failed', 'system', [
      'staffId',
      'reason',
    ]),
    /** A member of staff left the console. */
    staffSignedOut: event<OfStaff>(append, 'staff_signed_out', 'system', ['staffId']),
    /** Somebody asked for an act that takes two; `subject` is the id of what it is done to. */
    approvalAsked: event<Common & { approvalId: string; act: string; subject: string; reason: string }>(
      append,
      'approval_asked',
      'cli',
      ['approvalId', 'act', 'subject', 'reason'],
    ),
    /** A second person approved or refused, or the first one took it back. */
    approvalDecided: event<Common & { approvalId: string; act: string; subject: string; decision: string }>(
      append,
      'approval_decided',
      'cli',
      ['approvalId', 'act', 'subject', 'decision'],
    ),
    /** Staff looked for a member and saw the account's page, for this reason. */
    memberLookedUp: event<OfAccount & { reason: string; by: string }>(append, 'member_looked_up', 'cli', [
      'reason',
      'by',
    ]),
    /** Staff looked for a member whom nobody is; what was typed is not recorded. */
    memberNotFound: event<Common & { reason: string; by: string }>(append, 'member_not_found', 'cli', ['reason', 'by']),
    /** Masked personal data of the account was shown to staff. */
    memberDataRevealed: event<OfAccount & { field: string; reason: string }>(append, 'member_data_revealed', 'cli', [
      'field',
      'reason',
    ]),
    /** Staff did this to the account, or asked for it with a letter or link, for this reason; a change of state has its own event beside. */
    helpGiven: event<OfAccount & { act: string; reason: string }>(append, 'help_given', 'cli', ['act', 'reason']),
    /** A caller answered the security question to staff. */
    callerIdentified: event<OfAccount & { right: boolean }>(append, 'caller_identified', 'cli', ['right']),
  }
}
