import { randomUUID } from 'node:crypto'
import type { AuditTrail } from '../audit/events.ts'
import type { Database } from './database.ts'
import { createStores, type Stores } from './index.ts'
import type { MessageKind } from './messages.ts'
import type { Protection } from './protection.ts'

/** A message to go out; `expiresAt`: after that it is not sent any more. */
export type OutgoingMessage = { kind: MessageKind; payload: object; expiresAt?: Date }

/** Everything that happens together or not at all: stores, audit events and outgoing messages of one transaction. */
export type UnitOfWork = Stores & {
  audit: AuditTrail
  send(message: OutgoingMessage, now: Date): Promise<void>
}

export type Transaction = <T>(work: (unit: UnitOfWork) => Promise<T>) => Promise<T>

/** Puts the delivery of a stored message into the queue within the transaction. */
export type Enqueue = (trx: Database, message: { id: string; kind: MessageKind }) => Promise<void>

export type TransactionSettings = {
  knex: Database
  protection: Protection
  createAudit(stores: Stores): AuditTrail
  enqueue: Enqueue
  /** Called after a commit for each kind of message that was sent, so that a worker need not wait for its next poll. */
  wake(kind: MessageKind): void
}

/** Creates the one way to open a transaction (transactional outbox: the job is written with the change). */
export function createTransaction(settings: TransactionSettings): Transaction {
  return async (work) => {
    const sent = new Set<MessageKind>()
    const result = await settings.knex.transaction(async (trx) => {
      const stores = createStores(trx, settings.protection)
      return await work({
        ...stores,
        audit: settings.createAudit(stores),
        async send(message, now) {
          const id = randomUUID()
          await stores.messages.add({
            id,
            kind: message.kind,
            payload: message.payload,
            expiresAt: message.expiresAt ?? null,
            createdAt: now,
          })
          await settings.enqueue(trx, { id, kind: message.kind })
          sent.add(message.kind)
        },
      })
    })
    for (const kind of sent) settings.wake(kind)
    return result
  }
}
