import { createHash } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LetterContent } from './letter-pdf.ts'

/** A released run on its way to the print shop. `numbers`: insurance number per letter id, for the development postbox. */
export type PrintJob = {
  runId: string
  postingDay: string
  pdf: Uint8Array
  letters: LetterContent[]
  numbers: ReadonlyMap<string, string>
}

/** How print runs leave the house. Delivering the same run twice leaves one result. */
export type LetterDelivery = {
  deliver(job: PrintJob): Promise<void>
  /** Destroys what lies with us: the run is posted, or called back and must not be posted any more. */
  withdraw(runId: string, why: 'posted' | 'cancelled'): Promise<void>
}

/**
 * Creates the delivery into a folder that the print shop collects: `<runId>.pdf` and `<runId>.json` (manifest without
 * personal data); the PDF goes when the run is posted, `<runId>.cancelled` says that it must not be. Files appear whole: written under another name, then renamed, the manifest last.
 */
export function createLetterSpool(folder: string): LetterDelivery {
  const put = async (name: string, content: Uint8Array | string) => {
    await writeFile(join(folder, `.${name}.part`), content, { mode: 0o600 })
    await rename(join(folder, `.${name}.part`), join(folder, name))
  }
  return {
    async deliver(job) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const sha256 = createHash('sha256').update(job.pdf).digest('hex')
      await put(`${job.runId}.pdf`, job.pdf)
      const letters = job.letters.map((letter) => ({ id: letter.id, kind: letter.kind }))
      const manifest = { runId: job.runId, postingDay: job.postingDay, count: letters.length, sha256, letters }
      await put(`${job.runId}.json`, `${JSON.stringify(manifest, null, 2)}\n`)
    },
    async withdraw(runId, why) {
      await rm(join(folder, `${runId}.pdf`), { force: true })
      if (why === 'cancelled') await put(`${runId}.cancelled`, 'This run must not be posted.\n')
    },
  }
}
