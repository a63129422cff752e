import type { Logger } from 'pino'
import { createAuditTrail } from '../../audit/events.ts'
import type { Config } from '../../config.ts'
import { createFieldEncryption, createKeyedHash } from '../../crypto/field-encryption.ts'
import { createRandom } from '../../crypto/random.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { RedisGateway } from '../../gateways/redis/redis.ts'
import type { Counts } from '../../metrics/counts.ts'
import type { Database } from '../../stores/database/database.ts'
import { createStores } from '../../stores/index.ts'
import { createTransaction, type SentMessage } from '../../stores/transaction.ts'

export type ServiceSettings = {
  config: Config
  issuer: string
  clock: Clock
  knex: Database
  log: Logger
  /** Names this process among those that hold keys. */
  processName: string
  /** Counters of at most an hour lie there; unset: in the database, as all others. */
  redis?: RedisGateway
  /** Called after a commit that has left messages in the outbox; unset: another process looks for them. */
  committed?(messages: SentMessage[]): void
  /** Counts what happens; the command line counts nothing. */
  counts?: Counts
}

/** What services of every noun are made from. */
export type Ground = ReturnType<typeof createGround>

/** Lays the ground: stores, transactions and keys, over settings and a database that is open. Nothing in it is dear. */
export function createGround(settings: ServiceSettings) {
  const { config, knex, counts } = settings
  const hash = createKeyedHash(config.secrets.hashKeys)
  const protection = { encryption: createFieldEncryption(config.secrets.encryptionKeys), hash }
  return {
    ...settings,
    random: createRandom(),
    hash,
    protection,
    stores: createStores(knex, protection),
    transaction: createTransaction({
      knex,
      protection,
      createAudit: ({ auditEvents }) => createAuditTrail(auditEvents.append),
      lifetimes: lifetimesOf(config),
      committed: settings.committed ?? (() => {}),
      recorded: counts?.recorded,
    }),
    /** What has been opened and is closed with the services. */
    opened: new AsyncDisposableStack(),
  }
}

/** How each kind of message leaves. */
export const deliveryRulesOf = ({ deliveries }: Config) => ({
  sms: deliveries.sms,
  email: deliveries.email,
  backchannel_logout: deliveries.backchannelLogout,
})

const lifetimesOf = (config: Config) =>
  Object.fromEntries(Object.entries(deliveryRulesOf(config)).map(([kind, rule]) => [kind, rule.giveUpAfter]))
