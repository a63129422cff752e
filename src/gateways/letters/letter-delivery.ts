import { createHash } from 'node:crypto'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { LetterContent } from './letter-pdf.ts'

/** One file of a run; `open` streams it, each call from the beginning. `sha256` in hexadecimal. */
export type PrintFile = { name: string; bytes: number; sha256: string; open(): AsyncIterable<Uint8Array> }

/** What an envelope holds, for one insurance number; `id` stands on the paper. */
export type PrintedEnvelope = { id: string; letters: LetterContent[]; insuranceNumber: string }

/** A released run on its way to the print shop. */
export type PrintJob = {
  runId: string
  postingDay: CalendarDay
  /** PDF and manifests, to be handed over in this order: who sees the last one has all. */
  files: readonly PrintFile[]
  /** What the envelopes hold, one by one, with the member's number; only the development postbox reads them. */
  envelopes(): AsyncIterable<PrintedEnvelope>
}

/** What the print shop says about a run; `postedOn` only with `posted`. `sha256` and `counts` repeat the manifest's. */
export type PrintReceipt = {
  runId: string
  state: 'accepted' | 'rejected' | 'posted'
  postedOn?: CalendarDay
  counts: { letters: number; sheets: number }
  sha256: string
}

/** A receipt that lies there, by the name of its file; `null` when it cannot be read as one. */
export type ReceivedReceipt = { name: string; receipt: PrintReceipt | null }

/** How print runs leave the house. Delivering the same run twice leaves one result. */
export type LetterDelivery = {
  /** Hands a run over whole, or throws and leaves nothing that looks like one. */
  deliver(job: PrintJob): Promise<void>
  /**
   * Destroys what lies with us or the shop: the run is posted, or called back and must not be posted any more, which the shop is
   * told first. Does all that it can before it throws.
   */
  withdraw(runId: string, why: 'posted' | 'cancelled'): Promise<void>
  /** The receipts that have not been settled. */
  receipts(): Promise<ReceivedReceipt[]>
  /** Takes a receipt off the list: it was followed, or refused and an operator has to look at it. */
  settle(name: string, outcome: 'followed' | 'refused'): Promise<void>
}

/** The file that tells the print shop of a run that was called back after it had been handed over. */
export function cancellation(runId: string): PrintFile {
  const bytes = Buffer.from('This run must not be posted.\n')
  return {
    name: `${runId}.cancelled`,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      yield bytes
    },
  }
}

/** Does every step, also after one that failed. @throws the first fault */
export async function everyStep(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const faults: unknown[] = []
  for (const step of steps) await step().catch((fault) => faults.push(fault))
  if (faults.length > 0) throw faults[0]
}
