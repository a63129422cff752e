import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../audit/chain.ts'
import type { AuditTrail } from '../audit/events.ts'
import type { Protection } from '../crypto/protection.ts'
import type { Database } from './database/database.ts'
import { createStores, type Stores } from './index.ts'
import type { MessageKind } from './messages/messages.ts'

/** A message to go out. */
export type OutgoingMessage = {
  kind: MessageKind
  payload: object
  /** After that it is not sent any more; default: the end of its kind. */
  expiresAt?: Date
  /** Names the message: sending the same key twice makes one message. */
  key?: string
  /** Messages of one key (`account:<id>`) leave one after another, in the order of writing. */
  order?: string
  /** A newer message of the key (`mtan:<subject>`) makes older ones void that have not been sent. */
  supersedes?: string
  accountId?: string
  /** E-mail address, kept as a keyed hash, by which a bounce is matched. */
  recipient?: string
}

/** Everything that happens together or not at all: stores, audit events and outgoing messages of one transaction. */
export type UnitOfWork = Stores & {
  audit: AuditTrail
  /** Writes a message into the outbox; `false` when its key has been sent before. */
  send(message: OutgoingMessage, now: Date): Promise<boolean>
}

/** A message in the outbox; its payload stays in the store. */
export type SentMessage = { id: string; kind: MessageKind }

export type Transaction = <T>(work: (unit: UnitOfWork) => Promise<T>) => Promise<T>

export type TransactionSettings = {
  knex: Database
  protection: Protection
  createAudit(stores: Stores): AuditTrail
  /** Seconds after which a message of the kind is given up when it names no end of its own. */
  lifetimes?: Partial<Record<MessageKind, number>>
  /** Called after a commit that sent something, so that nothing waits for the next look into the outbox. */
  committed(messages: SentMessage[]): void
  /** Called after a commit with each audit event in it, for counting. */
  recorded?(event: Pick<AuditEvent, 'type' | 'data'>): void
}

/** Creates the one way to open a transaction (transactional outbox: a message is its own job, written with the change). */
export function createTransaction(settings: TransactionSettings): Transaction {
  return async (work) => {
    const sent: SentMessage[] = []
    const events: AuditEvent[] = []
    const result = await settings.knex.transaction(async (trx) => {
      const stores = noting(createStores(trx, settings.protection), events)
      return await work({
        ...stores,
        audit: settings.createAudit(stores),
        async send(message, now) {
          const id = randomUUID()
          const stored = { ...message, id, expiresAt: endOf(message, settings.lifetimes, now), createdAt: now }
          const adding = stores.messages.add(stored)
          // Only what has a key may be there already, and replaces nothing then.
          if (message.key && !(await adding)) return false
          await Promise.all([adding, message.supersedes && stores.messages.supersede(message.supersedes, id, now)])
          sent.push({ id, kind: message.kind })
          return true
        },
      })
    })
    for (const event of events) settings.recorded?.(event)
    if (sent.length > 0) settings.committed(sent)
    return result
  }
}

function endOf({ kind, expiresAt }: OutgoingMessage, lifetimes: TransactionSettings['lifetimes'], now: Date) {
  const seconds = lifetimes?.[kind]
  return expiresAt ?? (seconds === undefined ? null : new Date(now.getTime() + seconds * 1000))
}

/** The stores, where each audit event that is written is noted in `events`. */
function noting(stores: Stores, events: AuditEvent[]): Stores {
  const append = async (event: AuditEvent) => {
    await stores.auditEvents.append(event)
    events.push(event)
  }
  const appendAll = async (all: readonly AuditEvent[]) => {
    await stores.auditEvents.appendAll(all)
    events.push(...all)
  }
  return { ...stores, auditEvents: { ...stores.auditEvents, append, appendAll } }
}
