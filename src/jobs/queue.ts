import { fromKnex, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '../stores/database.ts'

const deliveries = 'deliveries'
const deadlines = 'deadlines'

export type QueueSettings = {
  knex: Database
  log: Logger
  /** Delivers one message; throws to be tried again. */
  deliver(messageId: string): Promise<void>
  /** Gives a message up after its last try. */
  giveUp(messageId: string, failure: string): Promise<void>
  /** Runs what is due; called every minute by one process. */
  runDue(): Promise<void>
}

/** The queue of deliveries and the clock of the deadlines, in PostgreSQL. */
export type Queue = {
  enqueue(trx: Database, messageId: string): Promise<void>
  /** Fetches new deliveries at once instead of at the next poll. */
  wake(): void
  stop(): Promise<void>
}

/** Tries of a delivery: after 2, 4, 8 … seconds, at most 15 minutes apart. */
const retries = { retryLimit: 10, retryDelay: 2, retryBackoff: true, retryDelayMax: 900 }

/** Opens the queue without workers: the command line puts deliveries in, a web process sends them. */
export async function openQueue(knex: Database): Promise<Pick<Queue, 'enqueue' | 'stop'>> {
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss', supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(deliveries, retries)
  return { enqueue: enqueueWith(boss), stop: () => boss.stop({ graceful: false }) }
}

/** Starts pg-boss and its workers. */
export async function startQueue(settings: QueueSettings): Promise<Queue> {
  const { knex, log } = settings
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss' })
  boss.on('error', (error) => log.error({ err: error }, 'queue fault'))
  await boss.start()
  await boss.createQueue(deliveries, retries)
  await boss.createQueue(deadlines, { retryLimit: 0 })
  const workers = [await startDeliveries(boss, settings), await startDeliveries(boss, settings)]
  await boss.work(deadlines, { pollingIntervalSeconds: 10 }, () => settings.runDue())
  await boss.schedule(deadlines, '* * * * *', {}, {})
  return {
    enqueue: enqueueWith(boss),
    wake: () => {
      for (const worker of workers) boss.notifyWorker(worker)
    },
    stop: () => boss.stop({ graceful: true, timeout: 10_000 }),
  }
}

function enqueueWith(boss: PgBoss): Queue['enqueue'] {
  return async (trx, messageId) => void (await boss.send(deliveries, { messageId }, { db: fromKnex(trx) }))
}

function startDeliveries(boss: PgBoss, { deliver, giveUp, log }: QueueSettings): Promise<string> {
  return boss.work<{ messageId: string }, void, { pollingIntervalSeconds: 2; includeMetadata: true; batchSize: 1 }>(
    deliveries,
    { pollingIntervalSeconds: 2, includeMetadata: true, batchSize: 1 },
    async ([job]) => {
      if (!job) return
      try {
        await deliver(job.data.messageId)
      } catch (error) {
        log.warn({ err: error, messageId: job.data.messageId, attempt: job.retryCount + 1 }, 'delivery failed')
        if (job.retryCount < job.retryLimit) throw error
        log.error({ messageId: job.data.messageId }, 'delivery given up')
        await giveUp(job.data.messageId, (error as Error).message)
      }
    },
  )
}
