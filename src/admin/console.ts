import type Router from '@koa/router'
import type { CookieJar } from '../http/cookies.ts'
import type { HelpDesk } from '../services/accounts/help-desk/help-desk.ts'
import type { ReturnedMailService } from '../services/letters/returned-mail.ts'
import type { AuditLookUps } from '../services/operation/audit-look-ups.ts'
import type { ApprovalService } from '../services/staff/approvals.ts'
import type { StaffPasskeySignIn } from '../services/staff/passkey-sign-in.ts'
import type { StaffPasskeyService } from '../services/staff/passkeys.ts'
import type { StaffSignIn } from '../services/staff/sign-in.ts'
import type { StaffService } from '../services/staff/staff.ts'
import { createEntrance } from './entrance.ts'
import { approvalPages } from './pages/approvals.ts'
import { auditPages } from './pages/audit.ts'
import type { ClientRoom } from './pages/clients/room.ts'
import { clientPages } from './pages/clients.ts'
import { type KeyRoom, keyPages } from './pages/keys.ts'
import { type LetterDesk, letterPages } from './pages/letters.ts'
import { memberPages } from './pages/members.ts'
import { mySignInPages } from './pages/my-sign-in.ts'
import { returnedLetterPages } from './pages/returned-letters.ts'
import { staffPages } from './pages/staff.ts'
import { startPages } from './pages/start.ts'
import { type Statistics, statisticsPages } from './pages/statistics.ts'
import { addStaffSignInRoutes } from './sign-in-routes.ts'
import type { ConsoleRoute } from './visit.ts'

/** What the console works with; each room takes its part. */
export type ConsoleDeps = {
  cookies: CookieJar
  issuer: string
  issuerName: string
  now(): Date
  helpDesk: HelpDesk
  staff: {
    staff: StaffService
    signIn: StaffSignIn
    passkeys: StaffPasskeyService
    passkeySignIn: StaffPasskeySignIn
    approvals: ApprovalService
  }
  clients: ClientRoom
  letters: LetterDesk & { returnedMail: ReturnedMailService }
  keys: KeyRoom
  audit: AuditLookUps
  statistics: Statistics
}

/** Every page and form of the console behind its sign-in, by room. */
export const consoleRoutes = (deps: ConsoleDeps): ConsoleRoute[] => [
  ...startPages(deps.staff),
  ...clientPages(deps.clients, deps.staff.approvals),
  ...letterPages(deps.letters),
  ...returnedLetterPages(deps.letters.returnedMail),
  ...keyPages(deps.keys, deps.staff.approvals),
  ...auditPages({ audit: deps.audit, staff: deps.staff.staff, now: deps.now }),
  ...statisticsPages(deps.statistics),
  ...staffPages(deps.staff),
  ...approvalPages(deps.staff),
  ...mySignInPages(deps.staff),
  ...memberPages({ ...deps.staff, helpDesk: deps.helpDesk, now: deps.now }),
]

/** Adds the console: the sign-in of staff, and what is behind it. */
export function addConsoleRoutes(router: Router, deps: ConsoleDeps): void {
  const { cookies, issuer, issuerName, now, staff } = deps
  const entrance = createEntrance({ cookies, issuer, now, ...staff })
  addStaffSignInRoutes(router, { entrance, issuerName, now, staff: staff.staff })
  for (const route of consoleRoutes(deps)) router[route.method](`/admin${route.path}`, entrance.enter(route))
}
