import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCommonPasswordCheck } from '../../domain/secrets/common-passwords.ts'
import { createSystemClock } from '../../gateways/clock.ts'
import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import { createApprovalService } from '../../services/staff/approvals.ts'
import { createStaffSignIn } from '../../services/staff/sign-in.ts'
import { createStaffService } from '../../services/staff/staff.ts'
import { createStaffLimits } from '../limits.ts'
import { once } from '../once.ts'
import type { AccountServices } from './accounts.ts'
import type { createClientServices } from './clients.ts'
import type { Ground } from './ground.ts'
import type { KeyServices } from './keys.ts'
import type { OperationServices } from './operation.ts'

/** Wires staff: who they are, how they sign in, and what takes two of them. */
export function createStaffServices(
  ground: Ground,
  { hasher }: AccountServices,
  { limiters }: OperationServices,
  {
    keys: { signingKeys },
    clients,
    helpDesk,
  }: { keys: KeyServices; clients: ReturnType<typeof createClientServices>; helpDesk: Pick<HelpDesk, 'end'> },
) {
  const { config, clock, random, hash, issuer, stores, transaction } = ground
  const protocolClock = createSystemClock()
  const common = once(() =>
    createCommonPasswordCheck(readFileSync(join(config.configDir, 'common-passwords.txt'), 'utf8').split('\n')),
  )
  const staff = createStaffService({
    ...{ stores, transaction, clock, protocolClock, random, hasher },
    consoleUrl: config.admin.url ?? issuer,
    isCommonPassword: (password) => common()(password),
  })
  return {
    staff,
    signIn: createStaffSignIn({
      ...{ stores, transaction, clock, protocolClock, random, hash, hasher },
      limits: createStaffLimits(config, limiters.brief, hash),
    }),
    approvals: createApprovalService({
      ...{ stores, transaction, clock },
      acts: {
        'signing-key.retire': (unit, { subject }, by) => signingKeys.retire(unit, subject, by),
        'staff.owner': (unit, { subject }, by) => staff.makeOwner(unit, subject, by),
        'staff.reset-totp': (unit, { subject }, by) => staff.resetFactors(unit, subject, by),
        'account.end': (unit, { subject, reason }, by) => helpDesk.end(unit, subject, { actor: by, reason }),
        'client.remove': (unit, { subject }, by) => clients.remove(unit, subject, by),
        'client.first-party': (unit, { subject }, by) => clients.makeFirstParty(unit, subject, by),
      },
    }),
  }
}
