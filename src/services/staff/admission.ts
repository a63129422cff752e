import type { Staff } from '../../stores/staff/staff.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'

export type StaffSignInOutcome =
  | { outcome: 'signed_in'; sessionId: string; staff: Staff }
  | { outcome: 'refused' }
  | { outcome: 'paused'; until: Date }

/** Who is signed in at the console. */
export type SignedInStaff = { staff: Staff; sessionId: string; fresh: boolean }

/** How a further proof ended. */
export type ProvedAgain = 'proved' | 'refused' | { until: Date }

type Admitted = {
  staff: Staff
  sessionId: string
  browser: string
  browserKnown: boolean
  by: 'password' | 'passkey'
}

/** Begins the session of somebody who has proved who he is, in the transaction that used his proof up, and tells him by mail. */
export async function admit(unit: UnitOfWork, { staff, sessionId, browser, ...how }: Admitted, at: Date) {
  await unit.staffSessions.begin(sessionId, { staffId: staff.id, browser }, at)
  await unit.staff.noteSignIn(staff.id, at)
  await unit.audit.staffSignedIn({ at, actor: `staff:${staff.id}`, staffId: staff.id, ...how })
  await tell(unit, staff, 'staffSignedIn', at)
}

/** Mails somebody of the staff what happened to his account, and when. */
export async function tell(
  unit: UnitOfWork,
  staff: Pick<Staff, 'id' | 'email' | 'language'>,
  template: 'staffSignedIn' | 'staffPasskeyAdded' | 'staffPasskeyRemoved',
  at: Date,
): Promise<void> {
  const payload = { template, to: staff.email, language: staff.language, params: { until: at.toISOString() } }
  await unit.send({ kind: 'email', payload, order: `staff:${staff.id}` }, at)
}
