import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { waitFor } from '../wait.ts'
import type { Certificates } from './certificates.ts'
import { endProcess, freePort, run, until } from './processes.ts'

/** One Redis process of a test's own, on loopback; its data (none is written to disk) is gone when it ends. */
export type RedisServer = {
  port: number
  /** `127.0.0.1:<port>` */
  address: string
  /** `redis://…`; for a server that speaks TLS `rediss://…` */
  url: string
  start(): Promise<void>
  /** Ends it as an operator does. */
  stop(): Promise<void>
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Holds it, as a machine that hangs: connections stay open, nothing answers; `resume` lets it go on. */
  pause(): void
  resume(): void
  /** Empties it. */
  flush(): Promise<void>
  /** Sends one command on a connection of its own. */
  command(name: string, ...given: string[]): Promise<unknown>
  /** Ends it and deletes its folder. */
  remove(): Promise<void>
}

/** A primary with a replica, watched by three sentinels under the name `mymaster`. */
export type RedisSentinels = {
  nodes: RedisServer[]
  sentinels: RedisServer[]
  /** `redis+sentinel://…/mymaster` */
  url: string
  /** Which node the sentinels call the primary. */
  primary(): Promise<RedisServer>
  remove(): Promise<void>
}

/** Three primaries that share the slots, each with a replica. */
export type RedisCluster = {
  nodes: RedisServer[]
  /** `redis+cluster://…` */
  url: string
  /** Nodes that hold slots now. */
  primaries(): Promise<RedisServer[]>
  flush(): Promise<void>
  remove(): Promise<void>
}

/** `settings`: lines of redis.conf; `client`: how this helper connects, when the server asks for a password or TLS. */
type Options = { settings?: string[]; tlsSettings?: string[]; sentinel?: boolean; client?: object }

/** For a server that speaks TLS only, to its peers as well, and asks clients for no certificate. */
export function tlsOptions({ ca, certificate, key }: Pick<Certificates, 'ca' | 'certificate' | 'key'>): Options {
  return {
    tlsSettings: [
      `tls-cert-file ${certificate}`,
      `tls-key-file ${key}`,
      `tls-ca-cert-file ${ca}`,
      'tls-auth-clients no',
      'tls-replication yes',
    ],
    client: { tls: { ca: readFileSync(ca) } },
  }
}

/** Starts a single, empty Redis. */
export async function startRedis(options: Options = {}): Promise<RedisServer> {
  const server = await describe(options)
  await server.start()
  return server
}

/** Starts primary, replica and three sentinels that agree on them; a fail-over takes about two seconds. With `tls` all of them speak TLS only. */
export async function startRedisSentinels(
  tls?: Pick<Certificates, 'ca' | 'certificate' | 'key'>,
): Promise<RedisSentinels> {
  const secured = tls && tlsOptions(tls)
  const primary = await startRedis(secured)
  const following = [`replicaof 127.0.0.1 ${primary.port}`, 'repl-diskless-sync-delay 0']
  const replica = await startRedis({ ...secured, settings: following })
  const nodes = [primary, replica]
  const watch = [
    `sentinel monitor mymaster 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds mymaster 700',
    'sentinel failover-timeout mymaster 3000',
  ]
  const sentinels: RedisServer[] = []
  for (let n = 0; n < 3; n++) sentinels.push(await startRedis({ ...secured, settings: watch, sentinel: true }))
  const ask = async (sentinel: RedisServer) =>
    (await sentinel.command('SENTINEL', 'get-master-addr-by-name', 'mymaster')) as string[]
  const knowsAll = async (sentinel: RedisServer) => {
    const info = (await sentinel.command('SENTINEL', 'master', 'mymaster')) as string[]
    const field = (name: string) => info[info.indexOf(name) + 1]
    return field('num-slaves') === '1' && field('num-other-sentinels') === '2'
  }
  await until('the sentinels know each other and the replica', async () =>
    (await Promise.all(sentinels.map(knowsAll))).every(Boolean),
  )
  await until('the replica follows', async () =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  )
  return {
    nodes,
    sentinels,
    url: `${tls ? 'rediss' : 'redis'}+sentinel://${sentinels.map(({ address }) => address).join(',')}/mymaster`,
    /** Waits until the sentinels agree: two of three make a new primary, the third hears of it later. */
    primary: () =>
      waitFor(async () => {
        const ports = await Promise.all(sentinels.map(async (sentinel) => Number((await ask(sentinel))[1])))
        return nodes.find(({ port }) => ports.every((each) => each === port))
      }),
    remove: () => removeAll([...sentinels, ...nodes]),
  }
}

/** Starts six nodes and joins them with `redis-cli --cluster create`; a lost primary is replaced after about two seconds. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const usual = ['cluster-enabled yes', 'cluster-require-full-coverage no']
  const settings = [...usual, 'cluster-node-timeout 1000', 'repl-diskless-sync-delay 0']
  const nodes: RedisServer[] = []
  for (let n = 0; n < 6; n++) nodes.push(await startRedis({ settings }))
  const addresses = nodes.map(({ address }) => address)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
  const roles = () => Promise.all(nodes.map(async (node) => ((await node.command('ROLE')) as unknown[])[0]))
  const ready = async (node: RedisServer) => {
    const info = String(await node.command('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:6')
  }
  await until('the cluster is ready', async () => {
    if (!(await Promise.all(nodes.map(ready))).every(Boolean)) return false
    return (await roles()).filter((role) => role === 'slave').length === 3
  })
  const primaries = async () => {
    const states = await Promise.all(
      nodes.map(async (node) => {
        const role = await node.command('ROLE').catch(() => undefined)
        return Array.isArray(role) && role[0] === 'master'
      }),
    )
    return nodes.filter((_node, index) => states[index])
  }
  return {
    nodes,
    url: `redis+cluster://${addresses.join(',')}`,
    primaries,
    async flush() {
      for (const node of await primaries()) await node.flush()
    },
    remove: () => removeAll(nodes),
  }
}

async function removeAll(servers: RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.remove()))
}

/** A node of a cluster has a second port, 10000 higher, which must exist. */
async function freeRedisPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port < 55_000) return port
  }
}

async function describe({ settings = [], tlsSettings = [], sentinel = false, client = {} }: Options) {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freeRedisPort()
  const file = join(folder, 'redis.conf')
  const tls = tlsSettings.length > 0
  const ports = tls ? ['port 0', `tls-port ${port}`, ...tlsSettings] : [`port ${port}`]
  const usual = ['bind 127.0.0.1', `dir ${folder}`, ...ports]
  const storage = ["save ''", 'appendonly no', 'maxmemory-policy noeviction', 'enable-debug-command local']
  writeFileSync(file, `${[...usual, ...(sentinel ? [] : storage), ...settings].join('\n')}\n`)
  let child: ChildProcess | undefined
  const command = async (name: string, ...given: string[]) => {
    const connection = new Redis({ port, lazyConnect: true, retryStrategy: null, commandTimeout: 2000, ...client })
    connection.on('error', () => {})
    try {
      await connection.connect()
      return await connection.call(name, ...given)
    } finally {
      connection.disconnect()
    }
  }
  const server: RedisServer = {
    port,
    address: `127.0.0.1:${port}`,
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    command,
    async start() {
      child = spawn('redis-server', [file, ...(sentinel ? ['--sentinel'] : [])], { cwd: folder, stdio: 'ignore' })
      await until('Redis answers', async () => (await command('PING')) === 'PONG')
    },
    stop: () => endProcess(child),
    kill: () => endProcess(child, 'SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    flush: async () => void (await command('FLUSHALL')),
    async remove() {
      child?.kill('SIGCONT')
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server
}
