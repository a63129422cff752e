import CircuitBreaker from 'opossum'
import { StoreAway } from '../../errors.ts'
import { commandTimeout, openRedis, type RedisClient, type RedisConnectionSettings } from './connection.ts'

export type { RedisClient }

/** Redis as the parts of the service use it. */
export type RedisGateway = {
  /**
   * Runs commands, and nothing else. While Redis is away this fails at once, except for one try a second.
   * @throws StoreAway when Redis does not answer, or answers that it cannot serve now
   */
  run<T>(work: (client: RedisClient) => Promise<T>): Promise<T>
  /** Defines scripts of one key each and gives the function that runs them (by their hash, once the server knows them). */
  define<Name extends string>(scripts: Record<Name, string>): RunScript<Name>
  /** @throws StoreAway */
  ping(): Promise<void>
  /** What the last commands saw. */
  state(): 'ready' | 'away'
  close(): Promise<void>
}

export type RunScript<Name extends string> = (
  client: RedisClient,
  name: Name,
  key: string,
  ...values: (string | number)[]
) => Promise<unknown>

type Settings = RedisConnectionSettings & {
  /** Tells that Redis went away (with the reason) and that it is back. */
  onAway?(error: Error): void
  onBack?(): void
}

/** Creates the gateway to Redis: connection, time limits, and a circuit, so that a lost server costs no request its time. */
export function createRedis({ onAway, onBack, ...connection }: Settings): RedisGateway {
  const client = openRedis(connection)
  let connectionFault: Error | undefined
  client.on('error', (error: Error) => {
    connectionFault = error
  })
  client.on('ready', () => {
    connectionFault = undefined
  })
  const circuit = new CircuitBreaker((work: () => Promise<unknown>) => work(), {
    // Some work is three commands, one after the other.
    timeout: 2 * commandTimeout,
    resetTimeout: commandTimeout,
    // One lost node of three must not cut off the others.
    errorThresholdPercentage: 50,
    rollingCountTimeout: 3_000,
    rollingCountBuckets: 3,
    errorFilter: (error: unknown) => !isAway(error),
  })
  let away = false
  let lastFault: Error = new Error('no answer')
  circuit.on('failure', (error: Error) => {
    lastFault = error
  })
  // Again after each try that fails.
  circuit.on('open', () => {
    if (!away) onAway?.(connectionFault ?? lastFault)
    away = true
  })
  circuit.on('close', () => {
    if (away) onBack?.()
    away = false
  })
  const run = async <T>(work: (client: RedisClient) => Promise<T>): Promise<T> => {
    try {
      return (await circuit.fire(() => work(client))) as T
    } catch (error) {
      if (!isAway(error)) throw error
      throw new StoreAway('Redis', { cause: connectionFault ?? error })
    }
  }
  return {
    run,
    define: (scripts) => defineScripts(client, scripts),
    async ping() {
      const info = await run(infoOf)
      // Told past the circuit, which must not cut off the slots that are served.
      if (info && lacksSlots(info)) throw new StoreAway('Redis', { cause: new Error('CLUSTERDOWN') })
    },
    state: () => (circuit.closed ? 'ready' : 'away'),
    async close() {
      circuit.shutdown()
      // A server that is away cannot be asked to end the connection.
      if (client.status === 'ready') await client.quit().catch(() => client.disconnect())
      else client.disconnect()
    },
  }
}

/** A cluster that lacks nodes for some slots is not there, even if it serves the others. */
const lacksSlots = (info: string) => !info.includes('cluster_state:ok') || /cluster_slots_p?fail:[1-9]/.test(info)

const infoOf = async (client: RedisClient): Promise<string | undefined> =>
  client.isCluster ? ((await client.cluster('INFO')) as string) : void (await client.ping())

function defineScripts<Name extends string>(client: RedisClient, scripts: Record<Name, string>): RunScript<Name> {
  for (const [name, lua] of Object.entries<string>(scripts)) client.defineCommand(name, { numberOfKeys: 1, lua })
  type Command = (key: string, ...values: (string | number)[]) => Promise<unknown>
  return (on, name, key, ...values) => (on as unknown as Record<Name, Command>)[name](key, ...values)
}

/** Answers that mean: not now, whatever is asked. */
const cannotServe =
  /^-?(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|OOM|MISCONF|BUSY|NOAUTH|WRONGPASS|NOPERM|MOVED|ASK|ERR max number of clients)/

/** A fault of the connection, or an answer that Redis cannot serve now; everything else is a bug of ours. */
function isAway(error: unknown): boolean {
  if (error instanceof StoreAway) return true
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false
  if (error.name === 'ReplyError') return cannotServe.test(error.message) || error.message.includes('READONLY')
  return true
}
