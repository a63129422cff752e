import type { Protection } from '../crypto/protection.ts'
import { createAccountEndStore } from './accounts/account-ends.ts'
import { createAccountStore } from './accounts/accounts.ts'
import { createActivationLinkStore } from './accounts/activation-links.ts'
import { createAuditEventStore } from './audit/audit-events.ts'
import { createAuditLookUpStore } from './audit/audit-look-ups.ts'
import { createAuditStreamStore } from './audit/audit-stream.ts'
import { createClientFileStore } from './clients/client-files.ts'
import { createClientSecretStore } from './clients/client-secrets.ts'
import { createClientStore } from './clients/clients.ts'
import type { Database } from './database/database.ts'
import { createKeyRewriteStore } from './keys/key-rewrites.ts'
import { createKeyRingStore } from './keys/key-rings.ts'
import { createKeyUsageStore } from './keys/key-usage.ts'
import { createSigningKeyStore } from './keys/signing-keys.ts'
import { createCanaryLetterStore } from './letters/canary-letters.ts'
import { createLetterStore } from './letters/letters.ts'
import { createPrintFileStore } from './letters/print-files.ts'
import { createPrintHandOverStore } from './letters/print-hand-overs.ts'
import { createPrintRunStore } from './letters/print-runs.ts'
import { createReturnedLetterStore } from './letters/returned-letters.ts'
import { createRunLetterStore } from './letters/run-letters.ts'
import { createEmailBounceStore } from './messages/email-bounces.ts'
import { createMessageClaimStore } from './messages/message-claims.ts'
import { createMessageStore } from './messages/messages.ts'
import { createSmsReceiptStore } from './messages/sms-receipts.ts'
import { createApiRequestStore } from './operation/api-requests.ts'
import { createDailyStatisticsStore } from './operation/daily-statistics.ts'
import { createJobRunStore } from './operation/job-runs.ts'
import { createObservationStore } from './operation/observations.ts'
import { createSettingStore } from './operation/settings.ts'
import { createCoverageCandidateStore } from './register/coverage-candidates.ts'
import { createInsuredPersonStore } from './register/insured-persons.ts'
import { createMemberImportStore } from './register/member-imports.ts'
import { createPersonEndStore } from './register/person-ends.ts'
import { createConsentStore } from './sign-in/consents.ts'
import { createJourneyStore } from './sign-in/journeys.ts'
import { createBrowserStore } from './sign-in/known-browsers.ts'
import { createOneTimeCodeStore } from './sign-in/one-time-codes.ts'
import { createPasskeyChallengeStore } from './sign-in/passkey-challenges.ts'
import { createRateLimitStore } from './sign-in/rate-limits.ts'
import { createApprovalStore } from './staff/approvals.ts'
import { createMemberLookStore } from './staff/member-looks.ts'
import { createStaffStore } from './staff/staff.ts'
import { createStaffPasskeyStore } from './staff/staff-passkeys.ts'
import { createStaffSessionStore } from './staff/staff-sessions.ts'

export type Stores = ReturnType<typeof createStores>

/** Creates every store over one database or transaction. */
export function createStores(db: Database, protection: Protection) {
  return {
    accountEnds: createAccountEndStore(db),
    accounts: createAccountStore(db, protection),
    activationLinks: createActivationLinkStore(db),
    apiRequests: createApiRequestStore(db, protection),
    approvals: createApprovalStore(db),
    auditEvents: createAuditEventStore(db, protection.hash),
    auditLookUps: createAuditLookUpStore(db),
    auditStream: createAuditStreamStore(db),
    canaryLetters: createCanaryLetterStore(db, protection),
    clientFiles: createClientFileStore(db),
    clientSecrets: createClientSecretStore(db),
    clients: createClientStore(db, protection),
    codes: createOneTimeCodeStore(db, protection),
    consents: createConsentStore(db),
    coverageCandidates: createCoverageCandidateStore(db),
    dailyStatistics: createDailyStatisticsStore(db),
    browsers: createBrowserStore(db),
    emailBounces: createEmailBounceStore(db, protection),
    insuredPersons: createInsuredPersonStore(db, protection),
    jobRuns: createJobRunStore(db),
    journeys: createJourneyStore(db, protection),
    keyRewrites: createKeyRewriteStore(db, protection),
    keyRings: createKeyRingStore(db),
    keyUsage: createKeyUsageStore(db),
    memberLooks: createMemberLookStore(db),
    memberImports: createMemberImportStore(db, protection),
    messageClaims: createMessageClaimStore(db, protection),
    messages: createMessageStore(db, protection),
    observations: createObservationStore(db),
    passkeyChallenges: createPasskeyChallengeStore(db),
    personEnds: createPersonEndStore(db, protection),
    printFiles: createPrintFileStore(db, protection),
    printHandOvers: createPrintHandOverStore(db),
    printRuns: createPrintRunStore(db),
    rateLimits: createRateLimitStore(db),
    returnedLetters: createReturnedLetterStore(db, protection),
    runLetters: createRunLetterStore(db, protection),
    settings: createSettingStore(db),
    signingKeys: createSigningKeyStore(db, protection),
    smsReceipts: createSmsReceiptStore(db, protection),
    staff: createStaffStore(db, protection),
    staffPasskeys: createStaffPasskeyStore(db, protection),
    staffSessions: createStaffSessionStore(db),
    letters: createLetterStore(db, protection),
  }
}
