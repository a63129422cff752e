import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { postgresPrograms } from '../machine/programs.ts'
import { endProcess, freePort, run, until } from './processes.ts'

/** A PostgreSQL server of a test's own, on loopback, trusting everybody there; user `postgres`. */
export type PostgresServer = {
  port: number
  /** URL of a database of this server. */
  url(database?: string): string
  start(): Promise<void>
  /** Ends it as an operator does (SIGINT: sessions are cut off, the data folder is left clean). */
  stop(): Promise<void>
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Holds every process of it, as a machine that hangs; `resume` lets it go on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Makes a standby a primary. */
  promote(): Promise<void>
  /** Comes back as a standby of another one, with what that has, as a primary does after a fail-over. */
  follow(primary: PostgresServer): Promise<void>
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>
  /** Stops it and deletes its data. */
  remove(): Promise<void>
}

function findPrograms(): string {
  const found = postgresPrograms()
  if (!found) throw new Error('The programs of a PostgreSQL server are missing; set PG_BIN to their folder.')
  return found
}

/** PostgreSQL refuses to run as root: then it runs as the user `postgres`. */
async function serverUser(): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {}
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])])
  return { uid: Number(uid), gid: Number(gid) }
}

/** Settings of every server here: fast start, and durable enough for `kill`, which stops no operating system. */
const settings = [
  "listen_addresses = '127.0.0.1'",
  "unix_socket_directories = ''",
  'wal_level = replica',
  'max_wal_senders = 4',
  'hot_standby = on',
  'shared_buffers = 64MB',
  'max_connections = 60',
  'synchronous_commit = on',
]

/** Starts an empty primary. */
export async function startPostgres(): Promise<PostgresServer> {
  const place = await prepareFolder()
  const { folder, user, bin } = place
  await run(
    join(bin, 'initdb'),
    ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-N', '-E', 'UTF8'],
    user,
  )
  const server = await describe(place)
  await server.start()
  return server
}

/** Starts a streaming standby of `primary`; what the primary commits waits for it, so that a fail-over loses nothing. */
export async function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const server = await describe(await prepareFolder())
  await server.follow(primary)
  return server
}

/** What the primary commits waits for its standby from now on. */
async function awaitStandby(primary: PostgresServer): Promise<void> {
  await primary.query("alter system set synchronous_standby_names = '*'")
  await primary.query('select pg_reload_conf()')
  await until('the standby follows', async () => {
    const { rows } = await primary.query("select 1 from pg_stat_replication where sync_state = 'sync'")
    return rows.length === 1
  })
}

async function prepareFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const user = await serverUser()
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
  return { folder, user: { ...user, cwd: folder }, bin: findPrograms() }
}

type Place = Awaited<ReturnType<typeof prepareFolder>>

async function describe({ folder, user, bin }: Place): Promise<PostgresServer> {
  const data = join(folder, 'data')
  const port = await freePort()
  const configure = () =>
    writeFileSync(join(data, 'postgresql.auto.conf'), `${[...settings, `port = ${port}`].join('\n')}\n`, { flag: 'a' })
  let child: ChildProcess | undefined
  const url = (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`
  const query = async (sql: string, values: unknown[] = []) => {
    const client = new pg.Client({ connectionString: url(), connectionTimeoutMillis: 2000 })
    client.on('error', () => {})
    await client.connect()
    return await client.query(sql, values).finally(() => client.end().catch(() => {}))
  }
  /** The server's children end with it, except when it is killed: each of them is a process of its own. */
  const family = async () => {
    const pids = await run('pgrep', ['-P', String(child?.pid)]).catch(() => '')
    return [child?.pid ?? 0, ...pids.trim().split('\n').filter(Boolean).map(Number)]
  }
  const signalAll = async (signal: NodeJS.Signals) => {
    for (const pid of await family())
      try {
        process.kill(pid, signal)
      } catch {
        // It ended meanwhile.
      }
  }
  const server: PostgresServer = {
    port,
    url,
    query,
    async start() {
      configure()
      rmSync(join(data, 'postmaster.pid'), { force: true })
      child = spawn(join(bin, 'postgres'), ['-D', data], { ...user, stdio: 'ignore' })
      await until('PostgreSQL answers', async () => (await query('select 1')).rowCount === 1)
    },
    stop: () => endProcess(child, 'SIGINT'),
    async kill() {
      await signalAll('SIGKILL')
      await endProcess(child, 'SIGKILL')
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async promote() {
      // Without a standby of its own nothing may wait for one.
      await run(join(bin, 'pg_ctl'), ['-D', data, 'promote', '-w'], user)
      await query("alter system set synchronous_standby_names = ''")
      await query('select pg_reload_conf()')
    },
    async follow(primary) {
      rmSync(data, { recursive: true, force: true })
      const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres']
      await run(join(bin, 'pg_basebackup'), ['-D', data, '-R', '-X', 'stream', '-c', 'fast', ...from], user)
      await server.start()
      await awaitStandby(primary)
    },
    async remove() {
      await signalAll('SIGCONT')
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server
}
