import { readdirSync, readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import pg from 'pg'

/** Processor time in milliseconds; NaN where it cannot be read: other systems than Linux, servers on other machines. */
export type Usage = { node: number; postgres: number; redis: number }

/** Processor time so far, of each process by its number. */
type Times = Map<number, number>

export type Reading = { node: Times; postgres: Times; redis: number }

/** Clock ticks per second that /proc counts in (proc(5), `sysconf(_SC_CLK_TCK)`): 100 wherever Node runs. */
const tick = 1000 / 100

/** Reads the processor time so far of a process with all its children, of the connections to a database, and of Redis. */
export async function readUsage(pid: number, servers?: { postgres: string; redis: string }): Promise<Reading> {
  const node = timesOf(familyOf(pid))
  if (!servers) return { node, postgres: new Map(), redis: Number.NaN }
  const [postgres, redis] = await Promise.all([usageOfDatabase(servers.postgres), usageOfRedis(servers.redis)])
  return { node, postgres, redis }
}

/** What was used between two readings, per piece of work. */
export const perWork = (before: Reading, after: Reading, count: number): Usage => ({
  node: between(before.node, after.node) / count,
  postgres: between(before.postgres, after.postgres) / count,
  redis: (after.redis - before.redis) / count,
})

/** A connection that ended meanwhile is missing, one that came counts whole. */
function between(before: Times, after: Times): number {
  if (after.size === 0) return Number.NaN
  return [...after].reduce((sum, [pid, time]) => sum + time - (before.get(pid) ?? 0), 0)
}

async function usageOfDatabase(url: string): Promise<Times> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>(
      'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    return timesOf(rows.map(({ pid }) => pid).filter((pid) => nameOf(pid) === 'postgres'))
  } finally {
    await client.end()
  }
}

async function usageOfRedis(url: string): Promise<number> {
  const redis = new Redis(url)
  const info = await redis.info('cpu').finally(() => redis.disconnect())
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? Number.NaN)
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1000
}

/** A process with its children and theirs. */
function familyOf(pid: number): number[] {
  const parents = new Map(allProcesses().map((each) => [each, Number(statOf(each)?.[1])]))
  const family = [pid]
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child)
  return family
}

/** Milliseconds of processor time of those that can be read. */
function timesOf(pids: number[]): Times {
  const stats = pids.map((pid) => [pid, statOf(pid)] as const)
  return new Map(stats.flatMap(([pid, stat]) => (stat ? [[pid, (Number(stat[11]) + Number(stat[12])) * tick]] : [])))
}

/** Milliseconds of processor time that a process and its children have used. */
export const processorTime = (pid: number): number => between(new Map(), timesOf(familyOf(pid)))

/** Resident memory in megabytes: now (`VmRSS`) or at its highest (`VmHWM`); undefined when the process is gone. */
export function residentMegabytes(pid: number | undefined, which: 'VmRSS' | 'VmHWM'): number | undefined {
  const status = read(`/proc/${pid}/status`)
  const kilobytes = status && new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]
  return kilobytes ? Math.round(Number(kilobytes) / 1000) : undefined
}

function allProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** The fields after the name, which may hold anything: state, parent, … (proc(5)). */
const statOf = (pid: number) => read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
const nameOf = (pid: number) => read(`/proc/${pid}/comm`)?.trim()

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
