import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { ReceiptsConfig, SmsGatewayConfig } from '../config/sms.ts'
import type { Config } from '../config.ts'
import type { ReceiptIdForm } from '../domain/messages/sms-message-id.ts'
import type { Clock } from '../gateways/clock.ts'
import type { SmsReceipt } from '../gateways/sms/driver.ts'
import { createHttpSmsDriver } from '../gateways/sms/http.ts'
import { createSmsRouter, type RoutedGateway, type RouterSettings } from '../gateways/sms/router.ts'
import { createSmppSmsDriver, type SmppSmsDriver } from '../gateways/sms/smpp/smpp.ts'
import type { AwayCause } from '../gateways/sms/smpp/smpp-session.ts'
import { plainHttpGateway } from '../gateways/sms/sms.ts'

type Settings = {
  config: Config
  clock: Clock
  log: Logger
  hooks: Pick<RouterSettings, 'goesOut' | 'stayedHere' | 'attempted' | 'answeredLate'>
  /** A receipt that came over SMPP. */
  received(gateway: string, receipt: SmsReceipt): Promise<unknown>
  /** Something else that came over SMPP. */
  passed(gateway: string, kind: 'message' | 'nothing'): void
  /** A session over SMPP was lost or could not be bound. */
  sessionAway(gateway: string, cause: AwayCause): void
  alert(
    kind: 'sms_gateway_away' | 'smpp_session_away' | 'smpp_credentials_refused',
    detail: AwayDetail,
  ): Promise<unknown>
}

type AwayDetail = { gateway: string; failure: string }

/** Milliseconds that a gateway may be away over SMPP before operators are told: sessions are lost and bound again all the time. */
const patience = 60_000

/** Breaker of `SMS_DRIVER=http`: with one gateway it never keeps a message back, it only tells. */
const usualBreaker = { failures: 0.5, minimum: 5, window: 30, pause: 10 }

/** Creates the sending of SMS from the settings; `undefined` where SMS go to the postbox. */
export function createSmsSending(settings: Settings) {
  const { config, clock, log } = settings
  const { sms } = config
  if (sms.driver === 'postbox') return undefined
  const smppDrivers: SmppSmsDriver[] = []
  const bound = new Map<string, boolean>()
  const alert = (...given: Parameters<Settings['alert']>) =>
    void settings.alert(...given).catch((error) => log.error({ err: error }, 'alert could not be raised'))
  const gateways =
    sms.driver === 'http'
      ? [{ name: 'default', driver: plainHttpGateway(sms.gatewayUrl), price: () => 0, sender: () => undefined }]
      : Object.entries(sms.gateways).map(([name, entry]) =>
          createGateway(name, entry, { ...settings, alert, bound }, smppDrivers),
        )
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
    ...settings.hooks,
    breakerChanged(gateway, state, failure = 'unknown') {
      if (state === 'closed') return log.info({ gateway }, 'SMS gateway is back')
      log.error({ gateway, failure }, 'SMS gateway fails: its breaker is open')
      alert('sms_gateway_away', { gateway, failure })
    },
  })
  return {
    ...router,
    /** Binds to the gateways that speak SMPP, so that receipts arrive. */
    start() {
      for (const driver of smppDrivers) driver.start()
    },
    /** Which gateways that speak SMPP are bound, once it was tried. */
    bound: () => bound as ReadonlyMap<string, boolean>,
  }
}

/** How each gateway writes in receipts the id that it gave in its answer; those by HTTP write it as it is. */
export function receiptIdForms({ sms }: Config): (gateway: string) => ReceiptIdForm {
  return (name) => {
    const entry = sms.driver === 'gateways' ? sms.gateways[name] : undefined
    return entry?.driver === 'smpp' ? entry.receiptIds : 'as-is'
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
  settings: SmppWatch,
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

/** What is told about the sessions of gateways that speak SMPP. */
type SmppWatch = Pick<Settings, 'config' | 'log' | 'received' | 'passed' | 'sessionAway'> & {
  alert(...given: Parameters<Settings['alert']>): void
  bound: Map<string, boolean>
}

type SmppEntry = Extract<SmsGatewayConfig, { driver: 'smpp' }>

function createSmpp(name: string, entry: SmppEntry, timeout: number, watch: SmppWatch): SmppSmsDriver {
  const { config, log, received, passed, bound } = watch
  const { hostname, port, protocol } = new URL(entry.url)
  const ca = entry.ca && readFileSync(resolve(config.configDir, entry.ca), 'utf8')
  const secure = protocol === 'smpps:'
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (secure ? 3550 : 2775)) }
  return createSmppSmsDriver(
    { ...entry, ...address, tls: secure ? { ca } : undefined, timeout, enquireLink: entry.enquireLink * 1000 },
    {
      received: async (receipt) => void (await received(name, receipt)),
      passed: (kind) => passed(name, kind),
      bound() {
        bound.set(name, true)
        log.info({ gateway: name }, 'SMPP session is bound')
      },
      away(cause, failure, since) {
        bound.set(name, false)
        log.warn({ gateway: name, cause, failure }, 'SMPP session is away')
        watch.sessionAway(name, cause)
        if (cause === 'credentials') watch.alert('smpp_credentials_refused', { gateway: name, failure })
        else if (since >= patience) watch.alert('smpp_session_away', { gateway: name, failure })
      },
    },
  )
}
