import { access, constants } from 'node:fs/promises'
import type { Logger } from 'pino'
import { clientSources } from '../../config/clients/sources.ts'
import type { Config } from '../../config.ts'
import { createSystemClock } from '../../gateways/clock.ts'
import type { KeyRingService } from '../../services/keys/key-rings.ts'
import { type AuditStream, describeStreamFault } from '../../services/operation/audit-stream.ts'
import type { SettingCheck } from '../../services/operation/doctor.ts'
import type { Database } from '../../stores/database/database.ts'
import { databaseTime } from '../../stores/database/database-time.ts'
import { pendingMigrations } from '../../stores/database/migrations.ts'
import type { Stores } from '../../stores/index.ts'
import { findDemoData } from './demo-data.ts'
import { connectRedis } from './redis.ts'

type Parts = {
  config: Config
  knex: Database
  keyRings: KeyRingService
  auditStream: AuditStream
  stores: Stores
  log: Logger
}

/** Seconds by which the clocks of process and database may differ: leases and codes are judged by both. */
const allowedSkew = 5

/** Lists what `doctor` looks at beside the data: settings, stores and folders of this installation. */
export function createSettingChecks({ config, knex, keyRings, auditStream, stores, log }: Parts): SettingCheck[] {
  const { letters, production } = config
  return [
    {
      name: 'the schema is up to date',
      mend: 'run `db:migrate`; see docs/operate/upgrade.md',
      async check() {
        const pending = await pendingMigrations(knex)
        return pending.length > 0 ? `pending: ${pending.join(', ')}` : undefined
      },
    },
    {
      name: 'the keys fit the database',
      mend: 'see docs/operate/keys.md; `keys:status` shows which keys are in use',
      async check() {
        await keyRings.check()
        return undefined
      },
    },
    {
      name: 'the clock agrees with the database',
      mend: 'let both machines follow a time server (NTP)',
      async check() {
        const here = createSystemClock().now()
        const skew = ((await databaseTime(knex)).getTime() - here.getTime()) / 1000
        return Math.abs(skew) > allowedSkew ? `the clocks differ by ${Math.round(skew)} seconds` : undefined
      },
    },
    {
      name: 'the applications can be loaded',
      mend: 'mend clients.yaml; `clients:check` names every fault',
      async check() {
        for (const source of clientSources(config, config.demoPort)) source.read()
        return undefined
      },
    },
    {
      name: 'print runs have somewhere to go',
      mend: 'make the folder of LETTER_SPOOL_DIR and give this user the right to write to it',
      async check() {
        if (letters.driver !== 'spool') return undefined
        const folder = letters.folder
        return await access(folder, constants.W_OK).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => `${folder} cannot be written (${error.code})`,
        )
      },
    },
    {
      name: 'the receiver of audit events takes them',
      mend: 'look at the receiver of AUDIT_STREAM_URL; see docs/operate/audit.md',
      check: async () => (auditStream.configured ? describeStreamFault(await auditStream.status()) : undefined),
    },
    {
      name: 'Redis answers',
      mend: 'see docs/operate/incidents/redis-gone.md',
      async check() {
        await (await connectRedis(config, log))?.close()
        return undefined
      },
    },
    {
      name: 'production holds no demo data',
      mend: 'set DATABASE_URL to a database that development has not used',
      async check() {
        const found = production ? await findDemoData(stores) : []
        return found.length > 0 ? `the database holds ${found.join(', ')}` : undefined
      },
    },
  ]
}
