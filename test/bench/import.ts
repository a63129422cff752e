import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { writeMemberFile } from './member-file.ts'
import { type CleanUps, createCleanUps } from './subjects/clean-ups.ts'
import { runCommand } from './subjects/command.ts'
import { type Subject, thisTree } from './subjects/revision.ts'
import { createDatabase, temporaryFolder } from './subjects/storage.ts'

type Rates = { seconds: number; perSecond: number; timesTheFloor: number; megabytes: number }

/** `first`: the first full file; `same`: it again; `nextMonth`: one in which one in a hundred has moved, left or joined. */
export type ImportRates = Record<'first' | 'same' | 'nextMonth', Rates>

/**
 * Imports so many members by the command line into a database of its own, against the bare COPY of the file's lines. Memory is that
 * of the process at its highest (Linux).
 */
export async function measureImport(subject: Subject, members: number, cleanUps: CleanUps): Promise<ImportRates> {
  const few = Math.ceil(members / 100)
  const folder = await temporaryFolder(cleanUps)
  const { url, drop } = await createDatabase(cleanUps)
  const key = (of: string) => `k1:${createHash('sha256').update(of).digest('base64')}`
  const variables = {
    PATH: process.env.PATH,
    NODE_ENV: 'development',
    DATA_DIR: folder,
    DATABASE_URL: url,
    LOG_LEVEL: 'silent',
    ...{ COOKIE_KEYS: key('cookies'), ENCRYPTION_KEYS: key('encryption'), HASH_KEYS: key('hashes') },
  }
  const [first, next] = [join(folder, 'first.csv'), join(folder, 'next.csv')]
  await writeMemberFile(first, { count: members })
  await writeMemberFile(next, { from: few, count: members, moved: few })
  await runCommand(subject, variables, 'db:migrate')
  const floor = await copyBare(url, first)
  const take = async (...args: string[]): Promise<Rates> => {
    const { report, seconds, megabytes } = await runCommand(subject, variables, 'members:import', ...args)
    if (report.outcome !== 'imported') throw new Error(`${args}: ${JSON.stringify(report).slice(0, 500)}`)
    return { seconds, perSecond: members / seconds, timesTheFloor: seconds / floor, megabytes }
  }
  const rates = {
    first: await take(first),
    same: await take(first, '--full'),
    nextMonth: await take(next, '--full', '--accept-left', String(few)),
  }
  await drop()
  return rates
}

/** Seconds that PostgreSQL takes for the lines of the file as they are. */
async function copyBare(url: string, file: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('create table bare (line text)')
    const begun = performance.now()
    await pipeline(createReadStream(file), client.query(copyFrom('copy bare from stdin')))
    const seconds = (performance.now() - begun) / 1000
    await client.query('drop table bare')
    return seconds
  } finally {
    await client.end()
  }
}

/** `npm run bench:import -- 100000` */
if (import.meta.main) {
  const cleanUps = createCleanUps()
  const members = Number(process.argv[2] ?? 100_000)
  console.table(await measureImport({ name: 'this tree', root: thisTree }, members, cleanUps).finally(cleanUps.run))
}
