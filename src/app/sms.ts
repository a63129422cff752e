import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { ReceiptsConfig, SmsGatewayConfig } from '../config/sms.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../gateways/clock.ts'
import type { SmsReceipt } from '../gateways/sms/driver.ts'
import { createHttpSmsDriver } from '../gateways/sms/http.ts'
import { type Attempt, createSmsRouter, type RoutedGateway } from '../gateways/sms/router.ts'
import { createSmppSmsDriver, type SmppSmsDriver } from '../gateways/sms/smpp.ts'
import { plainHttpGateway } from '../gateways/sms.ts'

type Settings = {
  config: Config
  clock: Clock
  log: Logger
  /** What became of one submission. */
  attempted(attempt: Attempt): Promise<void>
  /** A receipt that came over SMPP. */
  received(gateway: string, receipt: SmsReceipt): Promise<unknown>
  gatewayAway(gateway: string): Promise<unknown>
}

/** Breaker of `SMS_DRIVER=http`: with one gateway it never keeps a message back, it only tells. */
const usualBreaker = { failures: 0.5, minimum: 5, window: 30, pause: 10 }

/** Creates the sending of SMS from the settings; `undefined` where SMS go to the postbox. */
export function createSmsSending(settings: Settings) {
  const { config, clock, log } = settings
  const { sms } = config
  if (sms.driver === 'postbox') return undefined
  const smppDrivers: SmppSmsDriver[] = []
  const gateways =
    sms.driver === 'http'
      ? [{ name: 'default', driver: plainHttpGateway(sms.gatewayUrl), price: () => 0, sender: () => undefined }]
      : Object.entries(sms.gateways).map(([name, entry]) => createGateway(name, entry, settings, smppDrivers))
  const names = gateways.map(({ name }) => name)
  const breaker = sms.driver === 'http' ? usualBreaker : sms.breaker
  const routes = sms.driver === 'http' ? [] : sms.routes
  const router = createSmsRouter({
    gateways,
    route: (country) =>
      routes.find(({ countries }) => countries === '*' || countries.includes(country))?.gateways ?? names,
    afterUnknown: sms.driver === 'http' ? 'next' : sms.afterUnknown,
    breaker: { ...breaker, window: breaker.window * 1000, pause: breaker.pause * 1000 },
    clock,
    attempted: settings.attempted,
    breakerChanged(gateway, state) {
      if (state === 'closed') return log.info({ gateway }, 'SMS gateway is back')
      log.error({ gateway }, 'SMS gateway fails: its breaker is open')
      settings.gatewayAway(gateway).catch((error) => log.error({ err: error }, 'alert could not be raised'))
    },
  })
  return {
    ...router,
    /** Binds to the gateways that speak SMPP, so that receipts arrive. */
    start() {
      for (const driver of smppDrivers) driver.start()
    },
  }
}

/** The gateways whose receipts come by HTTP, by name. */
export function receiptHooks({ sms }: Config): ReadonlyMap<string, ReceiptsConfig> {
  if (sms.driver !== 'gateways') return new Map()
  return new Map(
    Object.entries(sms.gateways).flatMap(([name, entry]) =>
      entry.driver === 'http' && entry.receipts ? [[name, entry.receipts] as const] : [],
    ),
  )
}

function createGateway(
  name: string,
  entry: SmsGatewayConfig,
  settings: Settings,
  smppDrivers: SmppSmsDriver[],
): RoutedGateway {
  const common = {
    name,
    // Hundredths of a cent: prices have two decimals.
    price: (country: string) => Math.round((entry.prices[country] ?? entry.price) * 100),
    sender: (country: string) => entry.senders[country] ?? entry.sender,
  }
  const timeout = entry.timeout * 1000
  if (entry.driver === 'http') return { ...common, driver: createHttpSmsDriver({ ...entry, timeout }) }
  const driver = createSmpp(name, entry, timeout, settings)
  smppDrivers.push(driver)
  return { ...common, driver }
}

type SmppEntry = Extract<SmsGatewayConfig, { driver: 'smpp' }>

function createSmpp(name: string, entry: SmppEntry, timeout: number, settings: Settings): SmppSmsDriver {
  const { config, log, received } = settings
  const { hostname, port, protocol } = new URL(entry.url)
  const ca = entry.ca && readFileSync(resolve(config.configDir, entry.ca), 'utf8')
  const secure = protocol === 'smpps:'
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (secure ? 3550 : 2775)) }
  return createSmppSmsDriver(
    { ...entry, ...address, tls: secure ? { ca } : undefined, timeout, enquireLink: entry.enquireLink * 1000 },
    {
      received: async (receipt) => void (await received(name, receipt)),
      connection(state, code) {
        if (state === 'bound') log.info({ gateway: name }, 'SMPP session is bound')
        else log.warn({ gateway: name, failure: code, state }, 'SMPP session is away')
      },
    },
  )
}
