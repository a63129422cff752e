import type { Actor } from '../../../audit/event.ts'
import type { KeyedHash } from '../../../crypto/field-encryption.ts'
import type { Random } from '../../../crypto/random.ts'
import type { Deadlines } from '../../../domain/deadlines.ts'
import type { EnvelopeRules } from '../../../domain/letters/envelope.ts'
import type { PostingRules } from '../../../domain/letters/posting-days.ts'
import type { LetterPurposes } from '../../../domain/letters/purposes.ts'
import type { UnreadableRow } from '../../../errors.ts'
import type { Clock } from '../../../gateways/clock.ts'
import type { LetterDelivery } from '../../../gateways/letters/letter-delivery.ts'
import type { RunPdf } from '../../../gateways/letters/letter-pdf.ts'
import type { Stores } from '../../../stores/index.ts'
import type { Transaction } from '../../../stores/transaction.ts'
import type { MailService } from '../../messages/mails.ts'
import type { AlertService } from '../../operation/alerts.ts'

/** `print-desk.yaml`, `canary`: to whom a letter of each run goes, and after how many days its code is missed. */
export type CanaryRules = {
  enabled: boolean
  name: string
  address: { street: string; postalCode: string; city: string }
  alertAfterDays: number
}

/** What the print desk works with. */
export type PrintDesk = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  random: Random
  hash: KeyedHash
  deadlines: Deadlines
  purposes: LetterPurposes
  minimumAge: number
  issuer: string
  mails: MailService
  drawRun: RunPdf
  delivery: LetterDelivery
  alerts: Pick<AlertService, 'raise'>
  rules: PostingRules & {
    runSize: number
    envelope: EnvelopeRules
    deliveryAlertAfter: number
    canary?: CanaryRules
  }
  /** Whether only a person may release a run; off in development, where they go by themselves. Never the one who prepared it. */
  fourEyes: boolean
  /** Tells operators that a letter stays out of its run. */
  reportUnprintable(letterId: string, error: Error): void
  /** Tells operators of a row that cannot be opened: whom it is about gets no letter and no e-mail, the others do. */
  reportUnreadable(fault: UnreadableRow): void
  reportNotHandedOver(runId: string, error: Error): void
}

/** Who moves a run; `system` is the schedule. */
export type PrintActor = Extract<Actor, 'system' | `cli:${string}` | `staff:${string}` | `client:${string}`>

/** Letters that are read, filled or told at a time. */
export const batchSize = 200

/** Seconds after which a run whose process shows no life may be taken up by another one; renewed with every batch. */
const lease = 120

/** Tells until when a worker that goes on now keeps its run. */
export const leaseFrom = (now: Date): Date => new Date(now.getTime() + lease * 1000)
