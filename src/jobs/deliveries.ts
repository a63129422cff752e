import { fromKnex, type JobResult, type JobWithMetadata, type PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '../stores/database.ts'

type Delivery = { messageId: string }
/** What a message is decides its queue: an mTAN or a logout token never waits behind a thousand e-mails. */
export type QueuedMessage = { id: string; kind: 'email' | 'sms' | 'print_run' | 'backchannel_logout' | 'discarded' }

const urgent = 'urgent_deliveries'
const patient = 'deliveries'
const isUrgent = ({ kind }: QueuedMessage) => kind === 'sms' || kind === 'backchannel_logout'

export type DeliverySettings = {
  log: Logger
  /** Delivers one message; throws to be tried again. */
  deliver(messageId: string): Promise<void>
  /** Gives a message up after its last try; `failure` is a code, never a text of a relay or gateway. */
  giveUp(messageId: string, failure: string): Promise<void>
}

/** Workers of the delivery queues of one process. */
export type DeliveryWorkers = {
  /** Fetches at once what can wait, instead of at the next poll. */
  wakePatient(): void
  /** Fetches everything at once. */
  wake(): void
}

/** Tries of a delivery: after 2, 4, 8 … seconds, at most 15 minutes apart. */
const retries = { retryLimit: 10, retryDelay: 2, retryBackoff: true, retryDelayMax: 900 }

/** Seconds after which the queue takes over what the process that committed it has not sent: it died, or the try failed. */
const takeOver = 10

/** Creates the queues of deliveries where they are missing. */
export async function createDeliveryQueues(boss: PgBoss): Promise<void> {
  for (const queue of [urgent, patient]) await boss.createQueue(queue, retries)
}

/** Makes the function that puts the delivery of a message into its queue, within the transaction of its cause. */
export function enqueueWith(boss: PgBoss): (trx: Database, message: QueuedMessage) => Promise<void> {
  return async (trx, message) => {
    const [queue, delay] = isUrgent(message) ? [urgent, { startAfter: takeOver }] : [patient, {}]
    await boss.send(queue, { messageId: message.id }, { ...delay, db: fromKnex(trx) })
  }
}

/** Starts the workers of deliveries of this process. */
export async function startDeliveryWorkers(boss: PgBoss, settings: DeliverySettings): Promise<DeliveryWorkers> {
  const urgentWorker = await startWorker(boss, urgent, settings)
  const patientWorker = await startWorker(boss, patient, settings)
  return {
    wakePatient: () => boss.notifyWorker(patientWorker),
    wake() {
      for (const worker of [urgentWorker, patientWorker]) boss.notifyWorker(worker)
    },
  }
}

/** Creates the delivery without the queue of what is urgent, right after the commit; its job stays behind as the second try. */
export function createDirectDelivery({ deliver, log }: DeliverySettings) {
  const underWay = new Set<Promise<void>>()
  return {
    deliver(messages: readonly QueuedMessage[]): void {
      for (const { id: messageId } of messages.filter(isUrgent)) {
        const attempt = deliver(messageId)
          .catch((error) => log.warn({ failure: failureCode(error), messageId, attempt: 0 }, 'delivery failed'))
          .finally(() => underWay.delete(attempt))
        underWay.add(attempt)
      }
    },
    /** Whether all of these are sent by this way, so that no worker must be woken. */
    covers: (messages: readonly QueuedMessage[]) => messages.every(isUrgent),
    settled: () => Promise.allSettled(underWay),
  }
}

function startWorker(boss: PgBoss, queue: string, settings: DeliverySettings): Promise<string> {
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

async function deliverOne(
  job: JobWithMetadata<Delivery>,
  { deliver, giveUp, log }: DeliverySettings,
): Promise<JobResult> {
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
