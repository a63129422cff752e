import { type AppendAuditEvent, type Common, event, type MaybeOfAccount, type OfAccount } from './event.ts'

/** What happens to registrations. */
export function registrationEvents(append: AppendAuditEvent) {
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

type SignInFields = OfAccount & { clientId: string; acr: string; amr: readonly string[]; browserKnown: boolean }

/** Sign-ins, sign-outs and the browsers they come from. */
export function signInEvents(append: AppendAuditEvent) {
  return {
    /** The last step of a sign-in was passed for this application (`acr`, `amr`: RFC 8176). */
    signInSucceeded: event<SignInFields>(append, 'sign_in_succeeded', 'member', [
      'clientId',
      'acr',
      'amr',
      'browserKnown',
    ]),
    /** A sign-in was refused. For an unknown user name `nameHash` comes from `unknownNameHash`, never the name. */
    signInFailed: event<MaybeOfAccount & { reason: string; nameHash?: string; browserKnown?: boolean }>(
      append,
      'sign_in_failed',
      'member',
      ['reason', 'nameHash', 'browserKnown'],
    ),
    /** Too many failures: unknown browsers wait `seconds`; for an unknown name there is no account. */
    signInPaused: event<MaybeOfAccount & { seconds: number; nameHash?: string }>(append, 'sign_in_paused', 'system', [
      'seconds',
      'nameHash',
    ]),
    /** A link that makes a browser known was sent to the account's e-mail address. */
    browserLinkSent: event<OfAccount>(append, 'browser_link_sent', 'member'),
    /** A browser was marked as known: at the registration, a sign-in, or by the link. */
    browserMadeKnown: event<OfAccount & { by: 'registration' | 'sign_in' | 'link' }>(
      append,
      'browser_made_known',
      'member',
      ['by'],
    ),
    /** The member's session ended on his wish; `clientId` is the application that asked, if any. */
    signedOut: event<OfAccount & { clientId?: string }>(append, 'signed_out', 'member', ['clientId']),
  }
}

/** mTANs: sent, entered wrongly, stopped. */
export function mtanEvents(append: AppendAuditEvent) {
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

/** What becomes of accounts. */
export function accountEvents(append: AppendAuditEvent) {
  return {
    /** The first sign-in was finished: the account is active. */
    accountActivated: event<OfAccount>(append, 'account_activated', 'member'),
    /** The account was suspended, by a rule of the register or by staff. */
    accountSuspended: event<OfAccount & { reason: string }>(append, 'account_suspended', 'system', ['reason']),
    /** The reason of the suspension is gone. */
    accountResumed: event<OfAccount>(append, 'account_resumed', 'system'),
    /** The account ended: coverage is over for longer than the grace period, or another reason. */
    accountEnded: event<OfAccount & { reason: string }>(append, 'account_ended', 'system', ['reason']),
    /** The account went with its data: it had ended, or was suspended beyond the end of its coverage. */
    accountDeleted: event<OfAccount & { reason: string }>(append, 'account_deleted', 'system', ['reason']),
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
