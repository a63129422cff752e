import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

/** Looks at parts of this process; each answers at once, without asking anybody. */
export type ProcessLooks = {
  passwords?(): { running: number; waiting: number }
  /** Connections to PostgreSQL, and requests that wait for one. */
  pool?(): { used: number; free: number; waiting: number }
  redis?(): 'ready' | 'away'
  /** Whether new work is refused now. */
  shedding?(): boolean
  smsGatewaysAway?(): readonly string[]
  /** Whether each SMS gateway that speaks SMPP is bound. */
  smsGatewaysBound?(): ReadonlyMap<string, boolean>
}

/** Milliseconds between two measurements of the event loop. */
const resolution = 20

/** Creates the gauges of this process; of several processes they are added up, or the worst is taken. */
export function createProcessGauges(registry: Registry) {
  const registers = [registry]
  const processes = new Gauge({ name: 'processes', help: 'Processes that answered this scrape', registers })
  const running = new Gauge({ name: 'password_hashing_running', help: 'Password hashes under way', registers })
  const waiting = new Gauge({ name: 'password_hashing_waiting', help: 'Password hashes in the queue', registers })
  const shedding = new Gauge({
    name: 'load_shedding',
    help: 'Processes that refuse new sign-ins and registrations because they are overloaded',
    registers,
  })
  const eventLoop = new Gauge({
    name: 'event_loop_delay_seconds',
    help: 'By how much timers were late since the last scrape, of the worst process',
    labelNames: ['percentile'],
    aggregator: 'max',
    registers,
  })
  const pool = new Gauge({
    name: 'database_pool_connections',
    help: 'Connections to PostgreSQL: used, free, or waiting (requests that wait for one)',
    labelNames: ['state'],
    registers,
  })
  const redis = new Gauge({
    name: 'redis_up',
    help: '1 while Redis answers, 0 while it does not; absent without Redis',
    labelNames: ['use'],
    aggregator: 'min',
    registers,
  })
  const gateways = new Gauge({
    name: 'sms_gateway_away',
    help: '1 for a gateway whose breaker is open',
    labelNames: ['gateway'],
    aggregator: 'max',
    registers,
  })
  const bound = new Gauge({
    name: 'smpp_bound',
    help: '1 while a gateway is bound over SMPP, 0 while it is not, of the worst process that has tried',
    labelNames: ['gateway'],
    aggregator: 'min',
    registers,
  })
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  return {
    refresh(looks: ProcessLooks): void {
      processes.set(1)
      const passwords = looks.passwords?.() ?? { running: 0, waiting: 0 }
      running.set(passwords.running)
      waiting.set(passwords.waiting)
      shedding.set(looks.shedding?.() ? 1 : 0)
      for (const percentile of [50, 99])
        eventLoop.set({ percentile: String(percentile) }, late(delays.percentile(percentile)))
      delays.reset()
      for (const [state, count] of Object.entries(looks.pool?.() ?? {})) pool.set({ state }, count)
      if (looks.redis) redis.set({ use: 'artefacts' }, looks.redis() === 'ready' ? 1 : 0)
      gateways.reset()
      for (const gateway of looks.smsGatewaysAway?.() ?? []) gateways.set({ gateway }, 1)
      for (const [gateway, isBound] of looks.smsGatewaysBound?.() ?? []) bound.set({ gateway }, isBound ? 1 : 0)
    },
    close: () => delays.disable(),
  }
}

/** Seconds beyond the measuring interval itself. */
const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution) / 1000
