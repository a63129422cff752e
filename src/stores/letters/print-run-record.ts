import type { CalendarDay } from '../../domain/calendar.ts'

export type PrintRunState = 'collecting' | 'prepared' | 'released' | 'posted' | 'cancelled'

/** A file of a run as its manifest and its chunks know it. */
export type StoredPrintFile = { name: string; bytes: number; sha256: string }

export type PrintRun = {
  id: string
  state: PrintRunState
  /** Letters asked for until then are its own. */
  collectsUntil: Date | null
  /** The cut-off has passed and it is being prepared, or further. */
  closedAt: Date | null
  /** Fixed when it is closed; letter, e-mail and page all name it. */
  postingDay: CalendarDay | null
  letterCount: number
  sheetCount: number
  /** Letters by kind. */
  kinds: Record<string, number>
  /** What is handed over, PDF first; empty when nothing is printed, `null` before it is prepared. */
  files: StoredPrintFile[] | null
  worker: string | null
  preparedBy: string | null
  releasedBy: string | null
  handedOverAt: Date | null
  deliverAttempts: number
  withdrawal: 'posted' | 'cancelled' | null
  /** Why the print shop could not be told of the end, or its files not be deleted; null: no try has failed. */
  withdrawalFault: string | null
  withdrawAttempts: number
}

/** A row of `print_runs`. */
export type PrintRunRow = {
  id: string
  state: PrintRunState
  collects_until: Date | null
  closed_at: Date | null
  posting_day: CalendarDay | null
  letter_count: number
  sheet_count: number | null
  kinds: Record<string, number> | null
  files: StoredPrintFile[] | null
  worker: string | null
  prepared_by: string | null
  released_by: string | null
  handed_over_at: Date | null
  deliver_attempts: number
  withdrawal: PrintRun['withdrawal']
  withdrawal_fault: string | null
  withdraw_attempts: number
}

export const toPrintRun = (row: PrintRunRow): PrintRun => ({
  id: row.id,
  state: row.state,
  collectsUntil: row.collects_until,
  closedAt: row.closed_at,
  postingDay: row.posting_day,
  letterCount: row.letter_count,
  sheetCount: row.sheet_count ?? 0,
  kinds: row.kinds ?? {},
  files: row.files,
  worker: row.worker,
  preparedBy: row.prepared_by,
  releasedBy: row.released_by,
  handedOverAt: row.handed_over_at,
  deliverAttempts: row.deliver_attempts,
  withdrawal: row.withdrawal,
  withdrawalFault: row.withdrawal_fault,
  withdrawAttempts: row.withdraw_attempts,
})
