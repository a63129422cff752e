import { createMemberImport, createRegisterFollower } from '../../services/register/member-import.ts'
import { createPersonSealing, createSealingThreads } from '../../services/register/person-sealing.ts'
import type { AccountServices } from './accounts.ts'
import type { Ground } from './ground.ts'
import type { LetterServices } from './letters.ts'

/** Bytes; a smaller file is read before a thread has begun. */
const threadsFrom = 250_000

/** Wires the membership register: its import, and what follows for accounts. */
export function createRegisterServices(
  { config, stores, transaction, protection, log }: Ground,
  { standing }: AccountServices,
  letters: LetterServices,
) {
  const keys = { encryption: config.secrets.encryptionKeys, hash: config.secrets.hashKeys }
  return {
    memberImport: createMemberImport({
      ...{ stores, transaction },
      suspiciousShare: config.limits.memberImport.suspiciousShare,
      openSealing: (bytes) => (bytes < threadsFrom ? createPersonSealing(protection) : createSealingThreads(keys)),
      loadToPrintable: async () => (await letters.loadPdf()).toPrintable,
      onChanged: createRegisterFollower(standing, (err) => log.error({ err }, 'account does not follow the register')),
    }),
  }
}
