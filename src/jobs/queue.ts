import { fromKnex, PgBoss } from 'pg-boss'
import type { Database } from '../stores/database/database.ts'
import { type ScheduleSettings, startSchedule } from './schedule.ts'

const schema = 'pgboss'

export type QueueSettings = ScheduleSettings & { knex: Database }

/** Brings the tables of pg-boss (schema `pgboss`) to its version: a worker then needs no right to change them. */
export async function prepareQueue(knex: Database): Promise<void> {
  const boss = new PgBoss({ db: fromKnex(knex), schema, supervise: false, schedule: false })
  await boss.start()
  await boss.stop({ graceful: false })
}

/** Starts pg-boss and the schedule of the jobs, in PostgreSQL. */
export async function startQueue(settings: QueueSettings): Promise<{ stop(): Promise<void> }> {
  const { knex, log } = settings
  const boss = new PgBoss({ db: fromKnex(knex), schema })
  boss.on('error', (error) => log.error({ err: error }, 'queue fault'))
  await boss.start()
  const schedule = await startSchedule(boss, settings)
  return {
    async stop() {
      await schedule.stop()
      await boss.stop({ graceful: true, timeout: 10_000 })
    },
  }
}
