import { randomUUID } from 'node:crypto'
import type { AuditReceiver, StreamedEvent } from '../../gateways/audit-stream/stream.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { AuditStreamState, AuditStreamStore, SealedAuditEvent } from '../../stores/audit/audit-stream.ts'
import type { AlertService } from './alerts.ts'
import { auditEventJson } from './audit-export.ts'

type Settings = {
  stream: AuditStreamStore
  /** Unset where nobody receives the audit log. */
  receiver: AuditReceiver | undefined
  alerts: Pick<AlertService, 'raise'>
  clock: Clock
  /** Events of one delivery, and how many characters of JSON they have at most, unless one alone has more. */
  most?: { events: number; characters: number }
}

/** How far the receiver is behind. */
export type AuditStreamStatus = AuditStreamState & {
  /** Sealed events that it has not taken. */
  waiting: number
  /** Age in seconds of the oldest event that it has not taken; 0 when it has all. */
  lag: number
}

export type AuditStream = ReturnType<typeof createAuditStream>

/** Milliseconds that a receiver has for one delivery. */
export const deliveryTimeout = 10_000
/** Seconds for which a worker has the cursor; nobody sends who has it for less than a delivery may take. */
const lease = 60
/** Milliseconds for which one run sends, below the minute after which the next one comes. */
const budget = 45_000
/** Deliveries that fail in a row until operators are told. */
const alertAfter = 3

/**
 * Creates the stream of the audit log to a receiver outside: every event at least once, in the order of the chain. The cursor moves when
 * the receiver has taken them; what it has taken before a crash comes again.
 */
export function createAuditStream(settings: Settings) {
  const { stream, receiver, alerts, clock, most = { events: 500, characters: 500_000 } } = settings

  async function deliver(to: AuditReceiver, claim: string, begun: number, signal?: AbortSignal): Promise<number> {
    const position = await stream.claim(claim, lease)
    if (position === null) return 0
    let sent = 0
    let from = position
    let heldUntil = begun + lease * 1000
    while (!signal?.aborted && performance.now() - begun < budget) {
      const events = fitting((await stream.after(from, most.events)).map(toStreamed), most.characters)
      const last = events.at(-1)
      // Who was stopped for so long may not be the only one any more.
      if (!last || performance.now() + deliveryTimeout > heldUntil) return sent
      const answer = await to.send(events)
      if (answer !== 'taken') {
        await tellFault(claim, answer.fault)
        return sent
      }
      const now = performance.now()
      const moved = await stream.advance(claim, { from, to: last.position, at: clock.now(), seconds: lease })
      if (!moved) return sent
      heldUntil = now + lease * 1000
      from = last.position
      sent += events.length
    }
    return sent
  }

  async function tellFault(claim: string, fault: string): Promise<void> {
    const failures = await stream.fail(claim, fault, clock.now())
    if (failures >= alertAfter)
      await alerts.raise(undefined, { kind: 'audit_stream_away', detail: { fault, failures } })
  }

  return {
    /** Whether somebody receives the audit log. */
    configured: receiver !== undefined,
    /** Sends what the receiver has not taken yet, for 45 seconds at most, and tells how many events it took. Of several workers one sends. */
    async run(signal?: AbortSignal): Promise<number> {
      if (!receiver) return 0
      const claim = randomUUID()
      try {
        return await deliver(receiver, claim, performance.now(), signal)
      } finally {
        await stream.release(claim)
      }
    },
    async status(): Promise<AuditStreamStatus> {
      const state = await stream.state()
      const age = state.oldestAt ? (clock.now().getTime() - state.oldestAt.getTime()) / 1000 : 0
      return { ...state, waiting: Math.max(0, state.head - state.position), lag: Math.max(0, age) }
    },
  }
}

/** What an export would hold, and the chain value, by which `audit:verify` finds what was cut off. */
const toStreamed = ({ chain, ...event }: SealedAuditEvent): StreamedEvent => ({
  ...{ position: event.position, at: event.at, type: event.type },
  json: JSON.stringify({ ...auditEventJson(event), chain }),
})

function fitting(events: readonly StreamedEvent[], characters: number): StreamedEvent[] {
  let room = characters
  return events.filter(({ json }, index) => {
    room -= json.length
    return index === 0 || room >= 0
  })
}

/** Seconds after which events that nobody takes are a fault. */
const late = 900

/** Says in one sentence what is wrong with the stream; undefined when nothing is. */
export function describeStreamFault({ failures, fault, waiting, lag }: AuditStreamStatus): string | undefined {
  if (failures > 0)
    return `the receiver of audit events did not take the last ${failures} deliveries (${fault}); ${waiting} events wait`
  if (lag > late) return `audit events wait for ${Math.round(lag / 60)} minutes, and no delivery has failed`
  return undefined
}
