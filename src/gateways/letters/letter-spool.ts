import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cancellation, everyStep, type LetterDelivery, type PrintFile } from './letter-delivery.ts'
import { isReceipt, parseReceipt, receiptBytes } from './print-receipt.ts'

/** The folder cannot take a run; `code` is the one of the operating system, or `EINTEGRITY` for bytes that changed on the way. */
class SpoolFault extends Error {
  override name = 'SpoolFault'
  readonly code: string
  constructor(folder: string, code: string, cause?: unknown) {
    super(`the spool folder ${folder} cannot be used: ${mends[code] ?? code}`, { cause })
    this.code = code
  }
}

const mends: Record<string, string> = {
  ENOENT: 'it is not there; create it or mount it',
  ENOTDIR: 'it is no folder',
  EACCES: 'the service has no right to write there',
  EPERM: 'the service has no right to write there',
  EROFS: 'it is mounted read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EINTEGRITY: 'a file did not arrive as it was sent',
}

/**
 * Creates the delivery into a folder that the print shop collects. Files appear whole and in order, written under another
 * name, flushed and renamed, so that whoever sees the last one has all; a hand-over that fails leaves no part behind.
 * @throws SpoolFault
 */
export function createLetterSpool(folder: string): LetterDelivery {
  const inFolder = (name: string) => join(folder, name)
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof SpoolFault) throw error
      throw new SpoolFault(folder, (error as NodeJS.ErrnoException).code ?? 'unknown fault', error)
    }
  }
  const put = async (file: PrintFile) => {
    // A name of its own for each try: two processes at once never write into one file.
    const part = inFolder(`.${file.name}.${randomUUID()}.part`)
    try {
      if ((await writeThrough(part, file.open())) !== file.sha256) throw new SpoolFault(folder, 'EINTEGRITY')
      await rename(part, inFolder(file.name))
    } finally {
      await rm(part, { force: true })
    }
  }
  return {
    deliver: (job) =>
      guarded(async () => {
        await access(folder, constants.W_OK)
        await removeParts(folder, job.runId)
        for (const file of job.files) await put(file)
      }),
    withdraw: (runId, why) =>
      guarded(() =>
        everyStep([
          async () => why === 'cancelled' && (await put(cancellation(runId))),
          () => rm(inFolder(`${runId}.pdf`), { force: true }),
          () => removeParts(folder, runId),
        ]),
      ),
    receipts: () =>
      guarded(async () => {
        const names = (await readdir(folder)).filter(isReceipt).sort()
        return await Promise.all(
          names.map(async (name) => ({ name, receipt: parseReceipt(name, await readSmall(inFolder(name))) })),
        )
      }),
    settle: (name, outcome) => guarded(() => rename(inFolder(name), inFolder(`${name}.${outcome}`))),
  }
}

/** Writes and flushes a new file that only the service may read; answers its SHA-256. */
async function writeThrough(path: string, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const handle = await open(path, 'wx', 0o600)
  const digest = createHash('sha256')
  try {
    for await (const chunk of chunks) {
      digest.update(chunk)
      await handle.writeFile(chunk)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return digest.digest('hex')
}

/** What an earlier try left behind when its process died. */
async function removeParts(folder: string, runId: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(`.${runId}.`) && name.endsWith('.part')) await rm(join(folder, name), { force: true })
}

/** A file of another size or kind than a receipt is read as nothing, and so is refused; no link is followed. */
async function readSmall(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    // A link, a file of somebody else's only, or one that is gone meanwhile: none of them holds up the other receipts.
    if (['ELOOP', 'EACCES', 'EPERM', 'ENOENT'].includes(error.code)) return null
    throw error
  })
  if (!handle) return ''
  try {
    const found = await handle.stat()
    return found.isFile() && found.size <= receiptBytes ? await handle.readFile('utf8') : ''
  } finally {
    await handle.close()
  }
}
