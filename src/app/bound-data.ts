import { createAuditTrail } from '../audit/events.ts'
import type { Config } from '../config.ts'
import { StartUpError } from '../errors.ts'
import { createSystemClock } from '../gateways/clock.ts'
import { createFieldEncryption, createKeyedHash } from '../gateways/field-encryption.ts'
import { createUnboundDecryption } from '../gateways/unbound-decryption.ts'
import { bindDatabase } from '../services/binding.ts'
import { createBindingStore } from '../stores/bindings.ts'
import type { Database } from '../stores/database.ts'
import { createTransaction } from '../stores/transaction.ts'

/**
 * Lets no process work on a database whose values are not bound to their rows: it could read none of them. Development binds its own.
 * @throws StartUpError naming the command, or the fault of the data
 */
export async function requireBoundData(config: Config, database: Database): Promise<void> {
  const { encryptionKeys, hashKeys } = config.secrets
  const protection = { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  const bindings = createBindingStore(database, protection, createUnboundDecryption(encryptionKeys))
  if (!(await bindings.isFromBefore())) return
  if (config.production)
    throw new StartUpError('The database is from a version before. Stop every process and run keys:bind once.')
  const transaction = createTransaction({
    ...{ knex: database, protection, committed: () => {} },
    createAudit: ({ auditEvents }) => createAuditTrail(auditEvents.append),
  })
  const { hash } = protection
  const outcome = await bindDatabase({ database, bindings, transaction, hash, clock: createSystemClock() })
  if (outcome.result !== 'bound' || outcome.unreadable.length > 0)
    throw new StartUpError('The data of a version before cannot be taken over. Delete DATA_DIR, or see doctor.')
}
