import { createHash } from 'node:crypto'
import type { PrintFile } from '../../../gateways/letters/letter-delivery.ts'
import type { PrintedSheets } from '../../../gateways/letters/letter-pdf.ts'
import type { Stores } from '../../../stores/index.ts'
import type { PrintFilePlace } from '../../../stores/letters/print-files.ts'
import type { PrintRun, StoredPrintFile } from '../../../stores/letters/print-runs.ts'

/** Bytes of a chunk: what is in memory of a file at any moment. */
const chunkBytes = 256 * 1024

/** Opens a file of a run for writing: what is written is cut into encrypted chunks, `close` answers size and digest. */
export function openPrintFile({ printFiles }: Pick<Stores, 'printFiles'>, place: PrintFilePlace) {
  const digest = createHash('sha256')
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let bytes = 0
  let index = 0
  const flush = async () => {
    if (pendingBytes === 0) return
    const chunk = Buffer.concat(pending)
    pending = []
    pendingBytes = 0
    await printFiles.append(place, index++, chunk)
  }
  return {
    async write(part: Uint8Array): Promise<void> {
      digest.update(part)
      pending.push(part)
      pendingBytes += part.length
      bytes += part.length
      if (pendingBytes >= chunkBytes) await flush()
    },
    async close(): Promise<StoredPrintFile> {
      await flush()
      return { name: place.name, bytes, sha256: digest.digest('hex') }
    },
  }
}

/** The files of a prepared run, as the hand-over reads them. */
export function printFilesOf({ printFiles }: Pick<Stores, 'printFiles'>, run: PrintRun): PrintFile[] {
  const { id: runId, worker } = run
  if (!worker) return []
  return (run.files ?? []).map((file) => ({ ...file, open: () => printFiles.read({ runId, worker, name: file.name }) }))
}

/** What the manifest counts. */
export type PrintCounts = { letters: number; sheets: number; kinds: Record<string, number> }

/** Counts letters and sheets of a run. */
export function countSheets(letters: readonly PrintedSheets[]): PrintCounts {
  const kinds: Record<string, number> = {}
  for (const { kind } of letters) kinds[kind] = (kinds[kind] ?? 0) + 1
  return { letters: letters.length, sheets: letters.reduce((sum, letter) => sum + letter.sheets, 0), kinds }
}

type Manifest = { runId: string; postingDay: string; pdf: StoredPrintFile; counts: PrintCounts }

/** Writes the manifest as JSON, one letter in a line; no personal data is in it. */
export function manifestJson(manifest: Manifest, letters: readonly PrintedSheets[]): string {
  const head = JSON.stringify({ version: 1, ...manifest }, null, 2).replace(/\n}$/, '')
  return `${head},\n  "letters": [\n${letters.map((letter) => `    ${JSON.stringify(letter)}`).join(',\n')}\n  ]\n}\n`
}

/** Writes the letters of the manifest as CSV with semicolons, as the JSON has them. */
export function manifestCsv(letters: readonly PrintedSheets[]): string {
  const rows = letters.map(({ sequence, id, kind, sheets }) => [sequence, id, kind, sheets].join(';'))
  return `${['sequence;id;kind;sheets', ...rows].join('\r\n')}\r\n`
}
