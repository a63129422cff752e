import { createMemberImport, createRegisterFollower } from '../../services/register/member-import.ts'
import type { AccountServices } from './accounts.ts'
import type { Ground } from './ground.ts'
import type { LetterServices } from './letters.ts'

/** Wires the membership register: its import, and what follows for accounts. */
export function createRegisterServices(
  { config, stores, transaction, log }: Ground,
  { standing }: AccountServices,
  letters: LetterServices,
) {
  return {
    memberImport: createMemberImport({
      ...{ stores, transaction },
      suspiciousShare: config.limits.memberImport.suspiciousShare,
      toPrintable: (text) => letters.pdf.toPrintable(text),
      onChanged: createRegisterFollower(standing, (err) => log.error({ err }, 'account does not follow the register')),
    }),
  }
}
