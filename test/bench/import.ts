import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { writeMemberFile } from './member-file.ts'
import { onServer, postgresUrl } from './storage.ts'

type Rates = { seconds: number; perSecond: number; timesTheFloor: number; megabytes: number }

/**
 * Imports so many members by the command line into a database of its own: the first full file, the same one again, and a monthly full
 * file in which one in a hundred has moved, left or joined; against the bare COPY of the file's lines. Memory is that of the process
 * at its highest (Linux). `tell` gets a line per file.
 */
export async function measureImport(members: number, tell: (line: string) => void): Promise<Record<string, Rates>> {
  const few = Math.ceil(members / 100)
  const folder = mkdtempSync(join(tmpdir(), 'import-bench-'))
  const name = `bench_${randomBytes(6).toString('hex')}`
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
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
  const files = {
    first: [first],
    same: [first, '--full'],
    nextMonth: [next, '--full', '--accept-left', String(few)],
  }
  await onServer(`create database ${name}`)
  try {
    await writeMemberFile(first, { count: members })
    await writeMemberFile(next, { from: few, count: members, moved: few })
    await cli(variables, 'db:migrate')
    const floor = await copyBare(url, first)
    tell(`import of ${members} members, ${Math.round(statSync(first).size / 1e6)} MB; bare COPY: ${floor.toFixed(1)} s`)
    const rates: Record<string, Rates> = {}
    for (const [what, args] of Object.entries(files)) {
      const begun = performance.now()
      const { report, megabytes } = await cli(variables, 'members:import', ...args)
      const seconds = (performance.now() - begun) / 1000
      const { outcome, added, changed, left, unchanged } = report
      if (outcome !== 'imported') throw new Error(`${what}: ${JSON.stringify(report).slice(0, 500)}`)
      rates[what] = { seconds, perSecond: members / seconds, timesTheFloor: seconds / floor, megabytes }
      tell(
        `  ${what}: ${seconds.toFixed(1)} s, ${Math.round(members / seconds)} per second, ${(seconds / floor).toFixed(1)} times the bare COPY, ` +
          `at most ${megabytes} MB; ${JSON.stringify({ added, changed, left, unchanged })}`,
      )
    }
    return rates
  } finally {
    await onServer(`drop database ${name} with (force)`)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function cli(variables: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args, '--json'], {
    env: variables,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  let megabytes = 0
  const watch = setInterval(() => {
    megabytes = highest(child.pid) ?? megabytes
  }, 100)
  const [code] = await once(child, 'close')
  clearInterval(watch)
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${out}`)
  return { report: JSON.parse(out), megabytes }
}

/** Resident memory of a process at its highest, in megabytes; undefined where the system does not tell, or when it has ended. */
function highest(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes ? Math.round(Number(kilobytes) / 1000) : undefined
  } catch {
    return undefined
  }
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
if (import.meta.main) await measureImport(Number(process.argv[2] ?? 100_000), console.log)
