import { createAccountEndStore } from './account-ends.ts'
import { createAccountStore } from './accounts.ts'
import { createActivationLinkStore } from './activation-links.ts'
import { createAuditEventStore } from './audit-events.ts'
import { createCanaryLetterStore } from './canary-letters.ts'
import { createClientFileStore } from './clients/client-files.ts'
import { createClientStore } from './clients/clients.ts'
import { createConsentStore } from './consents.ts'
import { createCoverageCandidateStore } from './coverage-candidates.ts'
import { createDailyStatisticsStore } from './daily-statistics.ts'
import type { Database } from './database.ts'
import { createEmailBounceStore } from './email-bounces.ts'
import { createInsuredPersonStore } from './insured-persons.ts'
import { createJobRunStore } from './job-runs.ts'
import { createJourneyStore } from './journeys.ts'
import { createKeyRewriteStore } from './key-rewrites.ts'
import { createKeyRingStore } from './key-rings.ts'
import { createKeyUsageStore } from './key-usage.ts'
import { createBrowserStore } from './known-browsers.ts'
import { createLetterStore } from './letters.ts'
import { createMemberImportStore } from './member-imports.ts'
import { createMessageClaimStore } from './message-claims.ts'
import { createMessageStore } from './messages.ts'
import { createObservationStore } from './observations.ts'
import { createOneTimeCodeStore } from './one-time-codes.ts'
import { createPersonEndStore } from './person-ends.ts'
import { createPrintFileStore } from './print-files.ts'
import { createPrintHandOverStore } from './print-hand-overs.ts'
import { createPrintRunStore } from './print-runs.ts'
import type { Protection } from './protection.ts'
import { createRateLimitStore } from './rate-limits.ts'
import { createReturnedLetterStore } from './returned-letters.ts'
import { createRunLetterStore } from './run-letters.ts'
import { createSettingStore } from './settings.ts'
import { createSigningKeyStore } from './signing-keys.ts'
import { createSmsReceiptStore } from './sms-receipts.ts'

export type Stores = ReturnType<typeof createStores>

/** Creates every store over one database or transaction. */
export function createStores(db: Database, protection: Protection) {
  return {
    accountEnds: createAccountEndStore(db),
    accounts: createAccountStore(db, protection),
    activationLinks: createActivationLinkStore(db),
    auditEvents: createAuditEventStore(db, protection.hash),
    canaryLetters: createCanaryLetterStore(db, protection),
    clientFiles: createClientFileStore(db),
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
    memberImports: createMemberImportStore(db, protection),
    messageClaims: createMessageClaimStore(db, protection),
    messages: createMessageStore(db, protection),
    observations: createObservationStore(db),
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
    letters: createLetterStore(db, protection),
  }
}
