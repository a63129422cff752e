import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import ssh2 from 'ssh2'
import type SftpClient from 'ssh2-sftp-client'
import { StartUpError } from '../../errors.ts'
import { cancellation, everyStep, type LetterDelivery, type PrintFile } from './letter-delivery.ts'
import { isReceipt, parseReceipt, receiptBytes } from './print-receipt.ts'
import { type SftpServer, withSftp } from './sftp/connection.ts'
import { SftpFault, toSftpFault } from './sftp/fault.ts'

/** `folder`: where the shop collects and answers, absolute or from the user's home. */
export type LetterSftpSettings = SftpServer & { folder: string }

/** Silence ends before the lease of the run does (`services/print-run/settings.ts`): nobody hands it over a second time beside. */
export const sftpTimeouts = { connect: 20_000, idle: 60_000, whole: 30 * 60_000 } as const

/**
 * Creates the delivery to the print shop by SFTP. As in the spool folder, files appear whole and in order under their names:
 * written under another one, compared in length and renamed; a try that fails leaves a part at most, which the next one removes.
 * @throws StartUpError when the private key cannot be used; its methods throw SftpFault.
 */
export function createLetterSftp(settings: LetterSftpSettings): LetterDelivery {
  checkKey(settings.keyFile)
  const { folder } = settings
  const at = (name: string) => posix.join(folder, name)
  const put = async (client: SftpClient, file: PrintFile) => {
    const part = at(`.${file.name}.${randomUUID()}.part`)
    await write(client, part, file, settings.host)
    await replace(client, part, at(file.name)).catch(async (fault) => {
      await client.delete(part, true).catch(() => {})
      throw fault
    })
  }
  /** Once: it is tried again as long as the rest cannot be done. */
  const tellCancelled = async (client: SftpClient, runId: string) => {
    const file = cancellation(runId)
    const there = await client.list(folder).catch(() => [])
    if (!there.some(({ name, size }) => name === file.name && size === file.bytes)) await put(client, file)
  }
  const removeParts = async (client: SftpClient, runId: string) => {
    const isPart = (name: string) => name.startsWith(`.${runId}.`) && name.endsWith('.part')
    for (const { name } of await client.list(folder)) if (isPart(name)) await client.delete(at(name), true)
  }
  return {
    deliver: (job) =>
      withSftp(settings, async (client) => {
        await removeParts(client, job.runId)
        for (const file of job.files) await put(client, file)
      }),
    withdraw: (runId, why) =>
      withSftp(settings, (client) =>
        everyStep([
          async () => why === 'cancelled' && (await tellCancelled(client, runId)),
          () => client.delete(at(`${runId}.pdf`), true),
          () => removeParts(client, runId),
        ]),
      ),
    receipts: () =>
      withSftp(settings, async (client) => {
        const found = (await client.list(folder)).filter(({ name }) => isReceipt(name))
        const received = []
        for (const { name, type, size } of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
          const small = type === '-' && size <= receiptBytes
          received.push({ name, receipt: parseReceipt(name, small ? await readSmall(client, at(name)) : '') })
        }
        return received
      }),
    settle: (name, outcome) => withSftp(settings, (client) => replace(client, at(name), at(`${name}.${outcome}`))),
  }
}

/** The key's form is looked at when the service starts, not at the first run. */
function checkKey(keyFile: string): void {
  let content: Buffer
  try {
    content = readFileSync(keyFile)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StartUpError(`LETTER_SFTP_KEY_FILE names ${keyFile}, which cannot be read (${code}).`)
  }
  const key = ssh2.utils.parseKey(content)
  if (key instanceof Error || !key.isPrivateKey())
    throw new StartUpError(
      `LETTER_SFTP_KEY_FILE names ${keyFile}, which is no private key without a passphrase (OpenSSH or PEM).`,
    )
}

/** Streams a file to a new name that only the service may read, and asks how long it is there. */
async function write(client: SftpClient, path: string, file: PrintFile, host: string): Promise<void> {
  const digest = createHash('sha256')
  async function* digested() {
    for await (const chunk of file.open()) {
      digest.update(chunk)
      yield chunk
    }
  }
  try {
    await pipeline(digested(), client.createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    if (digest.digest('hex') !== file.sha256) throw new SftpFault(host, 'EINTEGRITY')
    if ((await client.stat(path)).size !== file.bytes) throw new SftpFault(host, 'EFAILURE')
  } catch (error) {
    await client.delete(path, true).catch(() => {})
    throw toSftpFault(error, host)
  }
}

/** Renames over what is there; a server without that extension of OpenSSH has the old file removed first. */
async function replace(client: SftpClient, from: string, to: string): Promise<void> {
  try {
    await client.posixRename(from, to)
  } catch (error) {
    // The words of ssh2; the extension is not among the server's.
    if (!/does not support this extended request/.test((error as Error).message)) throw error
    await client.delete(to, true)
    await client.rename(from, to)
  }
}

/** At most one byte more than a receipt has: a file that grows meanwhile is refused by its length. */
async function readSmall(client: SftpClient, path: string): Promise<string> {
  const options = { readStreamOptions: { start: 0, end: receiptBytes } as object }
  const content = await client.get(path, undefined, options).catch((error) => {
    // One that we may not read, or that is gone meanwhile, does not hold up the others; the numbers are those of SFTP.
    if (['ENOENT', 'EACCES'].includes(toSftpFault(error, '').code)) return ''
    throw error
  })
  return content.toString()
}
