import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import type { PrintReceipt } from './letter-delivery.ts'

/** A receipt is a few hundred bytes; a longer file is none and is not read. */
export const receiptBytes = 64 * 1024

/** `<run>.receipt.json` or `<run>.receipt.csv`, written by the print shop under another name and renamed. */
const receiptName = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.receipt\.(json|csv)$/

/** Tells whether a file of this name is a receipt. */
export const isReceipt = (name: string): boolean => receiptName.test(name)

const day = z.iso.date()
const count = z.coerce.number().int().min(0)

/** Strict: a receipt with a field too many was made for something else. */
const receiptSchema = z
  .strictObject({
    runId: z.string(),
    state: z.enum(['accepted', 'rejected', 'posted']),
    postedOn: day.optional(),
    counts: z.strictObject({ letters: count, sheets: count }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .refine((receipt) => (receipt.state === 'posted') === (receipt.postedOn !== undefined), 'postedOn goes with posted')

/** The same in one line below a head, separated by semicolons. */
const columns = ['runId', 'state', 'postedOn', 'letters', 'sheets', 'sha256']

/**
 * Reads a receipt of the print shop by the name of its file; `null` when name, content and each other do not fit. The
 * words of the shop are compared with the manifest later, by whoever knows the run.
 */
export function parseReceipt(name: string, content: string): PrintReceipt | null {
  const [, runId, format] = receiptName.exec(name) ?? []
  if (!runId || content.length > receiptBytes) return null
  const result = receiptSchema.safeParse(format === 'json' ? fromJson(content) : fromCsv(content))
  return result.success && result.data.runId === runId ? result.data : null
}

function fromJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return null
  }
}

function fromCsv(content: string): unknown {
  try {
    const [head, row, ...rest] = parse(content, { delimiter: ';', bom: true, trim: true }) as string[][]
    if (rest.length > 0 || !row || head?.join() !== columns.join()) return null
    const [runId, state, postedOn, letters, sheets, sha256] = row
    return { runId, state, postedOn: postedOn || undefined, counts: { letters, sheets }, sha256 }
  } catch {
    return null
  }
}
