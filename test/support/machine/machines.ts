import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuditTrail } from '../../../src/audit/events.ts'
import { loadConfig } from '../../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { createSystemClock } from '../../../src/gateways/clock.ts'
import { createKeyRingService } from '../../../src/services/keys/key-rings.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { createStores } from '../../../src/stores/index.ts'
import { createTransaction } from '../../../src/stores/transaction.ts'
import { newKey } from '../stores/protection.ts'

const files = ['cookie-keys', 'encryption-keys', 'hash-keys']

/** A machine with files of keys of its own, on the database that all machines share. */
export function createMachine(folder: string, name: string, databaseUrl: string) {
  const own = join(folder, name)
  mkdirSync(own)
  const variables: Record<string, string> = {
    DATABASE_URL: databaseUrl,
    DATA_DIR: own,
    COOKIE_KEYS_FILE: join(own, 'cookie-keys'),
    ENCRYPTION_KEYS_FILE: join(own, 'encryption-keys'),
    HASH_KEYS_FILE: join(own, 'hash-keys'),
  }
  return {
    name,
    variables,
    folder: own,
    makeKeys() {
      for (const file of files)
        writeFileSync(join(own, file), `old:${newKey('old').secret.toString('base64')}\n`, { mode: 0o600 })
    },
    takeKeysOf(other: { folder: string }) {
      for (const file of files) copyFileSync(join(other.folder, file), join(own, file))
    },
  }
}

export type Machine = ReturnType<typeof createMachine>

/** Starts the data side of a process with the keys that its machine has now. @throws StartUpError when they do not fit */
export async function startProcess(machine: Machine, knex: Database) {
  const config = loadConfig(machine.variables)
  const { cookieKeys, encryptionKeys, hashKeys } = config.secrets
  const protection = { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  const stores = createStores(knex, protection)
  const keyRings = createKeyRingService({
    stores,
    clock: createSystemClock(),
    rings: { cookie: cookieKeys, encryption: encryptionKeys, hash: hashKeys },
    artefactsInRedis: false,
    holder: { id: randomUUID(), process: machine.name },
  })
  await keyRings.announce()
  const transaction = createTransaction({
    knex,
    protection,
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
    committed: () => {},
  } as Parameters<typeof createTransaction>[0])
  return { stores, keyRings, transaction, stop: keyRings.leave }
}

export type Process = Awaited<ReturnType<typeof startProcess>>
