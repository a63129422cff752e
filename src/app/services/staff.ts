import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPasskeyVerifier } from '../../crypto/passkeys.ts'
import { createCommonPasswordCheck } from '../../domain/secrets/common-passwords.ts'
import { createSystemClock } from '../../gateways/clock.ts'
import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import { createPasskeyCeremonies } from '../../services/sign-in/passkey-ceremonies.ts'
import { createApprovalService } from '../../services/staff/approvals.ts'
import { createStaffLanes } from '../../services/staff/lanes.ts'
import { createStaffPasskeySignIn } from '../../services/staff/passkey-sign-in.ts'
import { createStaffPasskeyService } from '../../services/staff/passkeys.ts'
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
  const consoleUrl = config.admin.url ?? issuer
  const staff = createStaffService({
    ...{ stores, transaction, clock, protocolClock, random, hasher, consoleUrl },
    isCommonPassword: (password) => common()(password),
  })
  const { hostname, origin } = new URL(consoleUrl)
  const verifier = createPasskeyVerifier({ id: hostname, origin, name: config.insurer.shortName })
  const ceremonies = createPasskeyCeremonies({ stores, clock, random, verifier })
  const limits = createStaffLimits(config, limiters.brief, hash)
  const lanes = createStaffLanes({ stores, clock, hash, limits })
  return {
    staff,
    signIn: createStaffSignIn({ stores, transaction, clock, protocolClock, random, hasher, limits, lanes }),
    passkeys: createStaffPasskeyService({ stores, transaction, clock, ceremonies }),
    passkeySignIn: createStaffPasskeySignIn({ stores, transaction, clock, random, ceremonies, limits, lanes }),
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
