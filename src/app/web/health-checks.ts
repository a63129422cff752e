import type { HealthCheck, HealthChecks } from '../../process/health.ts'
import type { Database } from '../../stores/database/database.ts'
import { pendingMigrations } from '../../stores/database/migrations.ts'
import type { Services } from '../services.ts'

type Parts = {
  services: Services
  knex: Database
  /** Asks the store of OIDC artefacts; a worker has none. */
  artefacts?: () => Promise<void>
  /** Throws when this process's keys do not fit any more. */
  heldKeys(): Promise<void>
  now(): Date
}

/** Minutes that a message may wait before the queue counts as impaired. */
const queueMinutes = 5

/** Failures in a row of a job from which on the jobs count as impaired. */
const jobFailures = 3

/** Days after which a key that still writes counts as impaired: it was to change once a year. */
const keyDays = 400

/** Lists what `/health/ready` looks at; another part is one entry here. */
export function createHealthChecks({ services, knex, artefacts, heldKeys, now }: Parts): HealthChecks {
  const { messages, settings, jobRuns } = services.stores
  const migrations = async () => ((await pendingMigrations(knex)).length === 0 ? 'ok' : 'impaired')
  return {
    database: { essential: true, check: () => settings.get('health') },
    migrations: { essential: true, check: migrations },
    ...(artefacts && { artefacts: { check: artefacts } }),
    queue: oldestAtMost(queueMinutes, messages.oldestWaiting, now),
    heldKeys: { essential: true, check: heldKeys },
    keys: {
      check: async () => ((await services.keys.keyRings.ages()).some(({ days }) => days > keyDays) ? 'impaired' : 'ok'),
    },
    jobs: {
      check: async () => ((await jobRuns.list()).some(({ failures }) => failures >= jobFailures) ? 'impaired' : 'ok'),
    },
  }
}

function oldestAtMost(minutes: number, oldest: () => Promise<Date | null>, now: () => Date): HealthCheck {
  return {
    async check() {
      const since = await oldest()
      return since && now().getTime() - since.getTime() > minutes * 60_000 ? 'impaired' : 'ok'
    },
  }
}
