import type { Deadlines } from '../../src/domain/deadlines.ts'

/** The deadlines of the seed and of mission.md. */
export const defaultDeadlines: Deadlines = {
  activationDays: 28,
  activationReminderDays: [7, 21],
  unlockCodeDays: 30,
  unlockCodeReminderDaysBefore: 10,
  neverSignedInDays: 90,
  coverageGraceMonths: 3,
  abandonedRegistrationHours: 24,
  endedAccountDays: 90,
  unusedBrowserDays: 400,
  unusedConsentDays: 400,
  personMonthsAfterEnd: 24,
  returnedLetterMonths: 24,
  messageDays: 30,
  smsReceiptDays: 90,
  endedLinkMonths: 12,
  letterLimit: { count: 4, windowDays: 30, minimumGapHours: 24 },
}
