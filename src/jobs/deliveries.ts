import type { Logger } from 'pino'
import type { ClaimedMessage } from '../stores/messages/message-claims.ts'
import type { MessageKind } from '../stores/messages/messages.ts'
import type { SentMessage } from '../stores/transaction.ts'

/** Messages that leave side by side: what is urgent never waits behind what is not. */
export type Lane = {
  kinds: readonly MessageKind[]
  /** Tries at the same time in this process. */
  atOnce: number
  /** Tries a second in this process; unset: as fast as they go. */
  perSecond?: number
  /** Seconds for which a message is claimed. */
  lease: number
}

/** Where messages wait, and how one leaves. */
export type Outbox = {
  claim(kinds: readonly MessageKind[], limit: number, lease: number): Promise<ClaimedMessage[]>
  /** Claims those of the messages that may be sent now. */
  claimThese(ids: readonly string[], lease: number): Promise<ClaimedMessage[]>
  /** Sends one message and notes how it ended; rejects only when it could not be noted. */
  deliver(message: ClaimedMessage): Promise<void>
}

type Settings = { log: Pick<Logger, 'error'>; lanes: readonly Lane[] }

/** The deliveries of one process. */
export type Deliveries = {
  /** Begins to look into the outbox; until then nothing is sent. */
  start(outbox: Outbox): void
  /** Sends what a commit has left in the outbox, without waiting for the next look into it. */
  committed(messages: readonly SentMessage[]): void
  /** Looks for everything that is due. */
  wake(): void
  /** Takes nothing more and waits for what is under way, at most ten seconds. */
  stop(): Promise<void>
}

/** Milliseconds between two looks into the outbox: for tries that are due, and for what other processes have left. */
const pollInterval = 1000

/** Milliseconds that `stop` waits. */
const drainTime = 10_000

/** Creates the deliveries of this process: each lane claims as much as it may send at once. */
export function createDeliveries({ log, lanes: planned }: Settings): Deliveries {
  const lanes: ReturnType<typeof startLane>[] = []
  let timer: NodeJS.Timeout | undefined
  const wake = () => {
    for (const lane of lanes) lane.wake()
  }
  return {
    start(outbox) {
      for (const lane of planned) lanes.push(startLane(lane, outbox, log))
      timer = setInterval(wake, pollInterval)
    },
    committed(messages) {
      for (const lane of lanes) lane.take(messages.filter(({ kind }) => lane.kinds.includes(kind)).map(({ id }) => id))
    },
    wake,
    async stop() {
      clearInterval(timer)
      let late: NodeJS.Timeout | undefined
      const bound = new Promise((resolve) => {
        late = setTimeout(resolve, drainTime)
      })
      await Promise.race([Promise.all(lanes.map((lane) => lane.stop())), bound])
      clearTimeout(late)
    },
  }
}

function startLane(lane: Lane, { claim, claimThese, deliver }: Outbox, log: Settings['log']) {
  const underWay = new Set<Promise<void>>()
  const claiming = new Set<Promise<void>>()
  const allowance = createAllowance(lane.perSecond)
  let looking: Promise<void> | undefined
  let lookAgain = false
  let more = false
  let stopped = false
  let reserved = 0
  const free = () => Math.min(lane.atOnce - underWay.size - reserved, allowance.left())

  async function look(): Promise<void> {
    const places = free()
    if (places < 1) return
    const messages = await claim(lane.kinds, places, lane.lease)
    allowance.take(messages.length)
    more = messages.length === places
    for (const message of messages) begin(message)
  }

  /** Sends what has just been left in the outbox, without a look at the rest of it; what waits already goes first. */
  function take(ids: readonly string[]): void {
    if (stopped || ids.length === 0) return
    if (more || looking || ids.length > free()) {
      // A place that becomes free looks for them.
      more = true
      wake()
      return
    }
    reserved += ids.length
    allowance.take(ids.length)
    const claimed = claimThese(ids, lane.lease)
      .then((messages) => {
        for (const message of messages) begin(message)
      })
      .catch((err) => log.error({ err }, 'outbox fault'))
      .finally(() => {
        reserved -= ids.length
        claiming.delete(claimed)
      })
    claiming.add(claimed)
  }

  function begin(message: ClaimedMessage): void {
    const attempt = deliver(message)
      .catch((err) => log.error({ err, messageId: message.id }, 'outbox fault'))
      .finally(() => {
        underWay.delete(attempt)
        // Half a lane is fetched at once rather than each place by itself.
        if (more && underWay.size <= lane.atOnce / 2) wake()
      })
    underWay.add(attempt)
  }

  function wake(): void {
    if (stopped) return
    lookAgain = looking !== undefined
    looking ??= look()
      .catch((err) => log.error({ err }, 'outbox fault'))
      .finally(() => {
        looking = undefined
        if (lookAgain) wake()
      })
  }

  return {
    kinds: lane.kinds,
    wake,
    take,
    async stop() {
      stopped = true
      await Promise.all([looking, ...claiming])
      await Promise.allSettled(underWay)
    },
  }
}

/** Spreads tries over time: at most one second's worth at once. */
function createAllowance(perSecond: number | undefined) {
  if (perSecond === undefined) return { left: () => Number.MAX_SAFE_INTEGER, take() {} }
  let left = perSecond
  let at = performance.now()
  return {
    left(): number {
      const now = performance.now()
      left = Math.min(perSecond, left + ((now - at) / 1000) * perSecond)
      at = now
      return Math.floor(left)
    },
    take(count: number): void {
      left -= count
    },
  }
}
