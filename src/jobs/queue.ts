import { fromKnex, PgBoss } from 'pg-boss'
import type { Database } from '../stores/database.ts'
import {
  createDeliveryQueues,
  createDirectDelivery,
  type DeliverySettings,
  enqueueWith,
  type QueuedMessage,
  startDeliveryWorkers,
} from './deliveries.ts'
import { type ScheduleSettings, startSchedule } from './schedule.ts'

export type QueueSettings = DeliverySettings &
  Omit<ScheduleSettings, 'log'> & {
    knex: Database
    /** Whether this process works deliveries and jobs off; otherwise it sends only what is urgent, right after the commit. */
    works: boolean
  }

/** The queue of deliveries and the schedule of the jobs, in PostgreSQL. */
export type Queue = {
  enqueue(trx: Database, message: QueuedMessage): Promise<void>
  /** Sends what is urgent right after the commit; the rest is fetched at once instead of at the next poll. */
  committed(messages: readonly QueuedMessage[]): void
  /** Fetches what is due at once. */
  wake(): void
  stop(): Promise<void>
}

/** Opens the queue without workers: the command line puts deliveries in, a web process sends them. */
export async function openQueue(knex: Database): Promise<Pick<Queue, 'enqueue' | 'stop'>> {
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss', supervise: false, schedule: false })
  await boss.start()
  await createDeliveryQueues(boss)
  return { enqueue: enqueueWith(boss), stop: () => boss.stop({ graceful: false }) }
}

/** Starts pg-boss, the workers of deliveries and the schedule. */
export async function startQueue(settings: QueueSettings): Promise<Queue> {
  const { knex, log, works } = settings
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss', supervise: works, schedule: works })
  boss.on('error', (error) => log.error({ err: error }, 'queue fault'))
  await boss.start()
  await createDeliveryQueues(boss)
  const workers = works ? await startDeliveryWorkers(boss, settings) : undefined
  const direct = createDirectDelivery(settings)
  const schedule = works ? await startSchedule(boss, settings) : undefined
  return {
    enqueue: enqueueWith(boss),
    committed(messages) {
      direct.deliver(messages)
      if (!direct.covers(messages)) workers?.wakePatient()
    },
    wake: () => workers?.wake(),
    async stop() {
      await Promise.all([direct.settled(), schedule?.stop()])
      await boss.stop({ graceful: true, timeout: 10_000 })
    },
  }
}
