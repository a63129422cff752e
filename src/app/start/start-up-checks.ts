import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import { StartUpError } from '../../errors.ts'

type Settings = {
  config: Pick<Config, 'letters' | 'email' | 'role'>
  log: Pick<Logger, 'warn'>
  /** The machine's own time, and the database's. */
  now(): Date
  databaseTime(): Promise<Date>
}

/** Seconds by which the clocks may differ. */
const tolerated = 5

/**
 * Looks at a start for what an operator can mend: what nothing can work without refuses the start, what may come up later is logged. The
 * mail relay is tried without waiting for it.
 * @throws StartUpError when the letter spool cannot be written
 */
export async function checkStart(settings: Settings): Promise<void> {
  const { letters, email, role } = settings.config
  // Letters are handed over by jobs only.
  if (letters.driver === 'spool' && role !== 'web') await assertWritable(letters.folder)
  await compareClocks(settings)
  if (email.url) void tryRelay(new URL(email.url), settings.log)
}

async function assertWritable(folder: string): Promise<void> {
  const path = join(folder, `.start-${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(path, '')
    await rm(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StartUpError(
      `The letter spool ${folder} cannot be written (${code}). Mend its rights or set LETTER_SPOOL_DIR.`,
    )
  }
}

/** Codes, limits and deadlines are judged by this machine's clock, leases by the database's. */
async function compareClocks({ now, databaseTime, log }: Settings): Promise<void> {
  const before = now().getTime()
  const there = (await databaseTime()).getTime()
  const seconds = Math.round((there - (before + now().getTime()) / 2) / 1000)
  if (Math.abs(seconds) > tolerated) log.warn({ seconds }, 'clock of the database differs from the one of this machine')
}

function tryRelay({ protocol, hostname, port }: URL, log: Settings['log']): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || (protocol === 'smtps:' ? 465 : 587), timeout: 3000 })
    const end = (failure?: string) => {
      socket.destroy()
      if (failure) log.warn({ failure }, 'mail relay cannot be reached')
      resolve()
    }
    socket.on('connect', () => end())
    socket.on('timeout', () => end('no answer within 3 seconds'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.name))
  })
}
