import { fromKnex, type JobResult, type JobWithMetadata, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '../stores/database.ts'

type Delivery = { messageId: string }
/** What a message is decides its queue: an mTAN or a logout token never waits behind a thousand e-mails. */
type Message = { id: string; kind: 'email' | 'sms' | 'backchannel_logout' | 'discarded' }

const urgent = 'urgent_deliveries'
const patient = 'deliveries'
const deadlines = 'deadlines'
const isUrgent = ({ kind }: Message) => kind === 'sms' || kind === 'backchannel_logout'

export type QueueSettings = {
  knex: Database
  log: Logger
  /** Delivers one message; throws to be tried again. */
  deliver(messageId: string): Promise<void>
  /** Gives a message up after its last try; `failure` is a code, never a text of a relay or gateway. */
  giveUp(messageId: string, failure: string): Promise<void>
  /** Runs what is due; called every minute by one process. */
  runDue(): Promise<void>
}

/** The queue of deliveries and the clock of the deadlines, in PostgreSQL. */
export type Queue = {
  enqueue(trx: Database, message: Message): Promise<void>
  /** Sends what is urgent right after the commit; the rest is fetched at once instead of at the next poll. */
  committed(messages: readonly Message[]): void
  /** Fetches what is due at once. */
  wake(): void
  stop(): Promise<void>
}

/** Tries of a delivery: after 2, 4, 8 … seconds, at most 15 minutes apart. */
const retries = { retryLimit: 10, retryDelay: 2, retryBackoff: true, retryDelayMax: 900 }

/** Opens the queue without workers: the command line puts deliveries in, a web process sends them. */
export async function openQueue(knex: Database): Promise<Pick<Queue, 'enqueue' | 'stop'>> {
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss', supervise: false, schedule: false })
  await boss.start()
  await createDeliveryQueues(boss)
  return { enqueue: enqueueWith(boss), stop: () => boss.stop({ graceful: false }) }
}

/** Starts pg-boss and its workers. */
export async function startQueue(settings: QueueSettings): Promise<Queue> {
  const { knex, log } = settings
  const boss = new PgBoss({ db: fromKnex(knex), schema: 'pgboss' })
  boss.on('error', (error) => log.error({ err: error }, 'queue fault'))
  await boss.start()
  await createDeliveryQueues(boss)
  await boss.createQueue(deadlines, { retryLimit: 0 })
  const workers = {
    urgent: await startDeliveries(boss, urgent, settings),
    patient: await startDeliveries(boss, patient, settings),
  }
  const direct = createDirectDelivery(settings)
  await boss.work(deadlines, { pollingIntervalSeconds: 10 }, () => settings.runDue())
  await boss.schedule(deadlines, '* * * * *', {}, {})
  return {
    enqueue: enqueueWith(boss),
    committed(messages) {
      for (const message of messages) if (isUrgent(message)) direct.deliver(message.id)
      if (!messages.every(isUrgent)) boss.notifyWorker(workers.patient)
    },
    wake() {
      for (const worker of Object.values(workers)) boss.notifyWorker(worker)
    },
    async stop() {
      await direct.settled()
      await boss.stop({ graceful: true, timeout: 10_000 })
    },
  }
}

/** Seconds after which the queue takes over what the process that committed it has not sent: it died, or the try failed. */
const takeOver = 10

/** Delivers without the queue; its job stays behind as the second try. */
function createDirectDelivery({ deliver, log }: QueueSettings) {
  const underWay = new Set<Promise<void>>()
  return {
    deliver(messageId: string): void {
      const attempt = deliver(messageId)
        .catch((error) => log.warn({ failure: failureCode(error), messageId, attempt: 0 }, 'delivery failed'))
        .finally(() => underWay.delete(attempt))
      underWay.add(attempt)
    },
    settled: () => Promise.allSettled(underWay),
  }
}

async function createDeliveryQueues(boss: PgBoss): Promise<void> {
  for (const queue of [urgent, patient]) await boss.createQueue(queue, retries)
}

function enqueueWith(boss: PgBoss): Queue['enqueue'] {
  return async (trx, message) => {
    const [queue, delay] = isUrgent(message) ? [urgent, { startAfter: takeOver }] : [patient, {}]
    await boss.send(queue, { messageId: message.id }, { ...delay, db: fromKnex(trx) })
  }
}

function startDeliveries(boss: PgBoss, queue: string, settings: QueueSettings): Promise<string> {
  const options = {
    pollingIntervalSeconds: 2,
    batchSize: 20,
    burstWhenBatchFull: true,
    includeMetadata: true,
    perJobResults: true,
  } as const
  return boss.work<Delivery, void, typeof options>(queue, options, (jobs) =>
    Promise.all(jobs.map((job) => deliverOne(job, settings))),
  )
}

async function deliverOne(job: JobWithMetadata<Delivery>, { deliver, giveUp, log }: QueueSettings): Promise<JobResult> {
  const { messageId } = job.data
  try {
    await deliver(messageId)
    return { id: job.id, status: 'completed' }
  } catch (error) {
    const failure = failureCode(error)
    log.warn({ failure, messageId, attempt: job.retryCount + 1 }, 'delivery failed')
    if (job.retryCount < job.retryLimit) return { id: job.id, status: 'failed' }
    log.error({ failure, messageId }, 'delivery given up')
    await giveUp(messageId, failure)
    return { id: job.id, status: 'completed' }
  }
}

/** Relays and gateways quote addresses and numbers in their answers: only the code is kept. */
function failureCode(error: unknown): string {
  const { code, responseCode, name } = error as { code?: string; responseCode?: number; name?: string }
  return [name, code, responseCode].filter(Boolean).join(' ')
}
