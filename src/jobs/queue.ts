import { fromKnex, type JobResult, type JobWithMetadata, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '../stores/database.ts'

type Delivery = { messageId: string }
/** What a message is decides its queue: an mTAN or a logout token never waits behind a thousand e-mails. */
type Message = { id: string; kind: 'email' | 'sms' | 'backchannel_logout' | 'discarded' }

const urgent = 'urgent_deliveries'
const patient = 'deliveries'
const deadlines = 'deadlines'
const queueOf = ({ kind }: Pick<Message, 'kind'>) =>
  kind === 'sms' || kind === 'backchannel_logout' ? urgent : patient

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
  /** Fetches new deliveries of a kind, or of all, at once instead of at the next poll. */
  wake(kind?: Message['kind']): void
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
  // Several workers for what is urgent: a gateway that hangs holds up one batch, not the next.
  const queues = [urgent, urgent, urgent, patient]
  const workers = await Promise.all(queues.map((queue) => startDeliveries(boss, queue, settings)))
  const wakeOne = (name: string) => {
    const own = workers.filter((worker) => worker.queue === name)
    // One fetch is enough, unless all are held up: then whoever is free first.
    const free = own.find((worker) => !worker.isBusy())
    for (const worker of free ? [free] : own) boss.notifyWorker(worker.id)
  }
  await boss.work(deadlines, { pollingIntervalSeconds: 10 }, () => settings.runDue())
  await boss.schedule(deadlines, '* * * * *', {}, {})
  return {
    enqueue: enqueueWith(boss),
    wake: (kind) => {
      for (const name of kind ? [queueOf({ kind })] : [urgent, patient]) wakeOne(name)
    },
    stop: () => boss.stop({ graceful: true, timeout: 10_000 }),
  }
}

async function createDeliveryQueues(boss: PgBoss): Promise<void> {
  for (const queue of [urgent, patient]) await boss.createQueue(queue, retries)
}

function enqueueWith(boss: PgBoss): Queue['enqueue'] {
  return async (trx, message) => {
    await boss.send(queueOf(message), { messageId: message.id }, { db: fromKnex(trx) })
  }
}

async function startDeliveries(boss: PgBoss, queue: string, settings: QueueSettings) {
  let busy = false
  const options = {
    pollingIntervalSeconds: 2,
    batchSize: 20,
    burstWhenBatchFull: true,
    includeMetadata: true,
    perJobResults: true,
  } as const
  const id = await boss.work<Delivery, void, typeof options>(queue, options, async (jobs) => {
    busy = true
    return await Promise.all(jobs.map((job) => deliverOne(job, settings))).finally(() => {
      busy = false
    })
  })
  return { id, queue, isBusy: () => busy }
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
