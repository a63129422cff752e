import { join } from 'node:path'
import { placeholdersOf, type Template } from '../domain/messages/template.ts'
import { StartUpError } from '../errors.ts'
import type { HttpSmsSettings } from '../gateways/sms/http.ts'
import { readReference } from './clients/references.ts'
import type { Environment } from './environment.ts'
import { readYaml } from './files.ts'
import { type GatewayEntry, type SmsFile, smsFileSchema } from './sms/schema.ts'

/** How SMS leave: to the postbox, to one plain gateway, or over those of `sms.yaml`, secrets filled in. */
export type SmsConfig =
  | { driver: 'postbox' }
  | { driver: 'http'; gatewayUrl: string }
  | ({ driver: 'gateways'; gateways: Record<string, SmsGatewayConfig> } & Omit<SmsFile, 'gateways'>)

/** One gateway as it stands in `sms.yaml`, with its secrets. Times in seconds, prices in cents. */
export type SmsGatewayConfig = HttpGateway | SmppGateway

type HttpEntry = Extract<GatewayEntry, { driver: 'http' }>
type SmppEntry = Extract<GatewayEntry, { driver: 'smpp' }>
type HttpGateway = Omit<HttpEntry, 'headers' | 'body' | 'receipts'> & {
  headers: Record<string, string>
  body: HttpSmsSettings['body']
  receipts?: ReceiptsConfig
}
type SmppGateway = Omit<SmppEntry, 'systemId' | 'password'> & { systemId: string; password: string }

/** How receipts of a gateway by HTTP are recognised and read; `secret` is the secret itself. */
export type ReceiptsConfig = Omit<NonNullable<HttpEntry['receipts']>, 'authentication'> & {
  authentication:
    | (Omit<Extract<Authentication, { type: 'hmac' }>, 'secret'> & { secret: string })
    | (Omit<Extract<Authentication, { type: 'token' }>, 'secret'> & { secret: string })
}
type Authentication = NonNullable<HttpEntry['receipts']>['authentication']

type Sources = Parameters<typeof readReference>[1]

/** Faults of the settings that choose how SMS leave. */
export function smsFaults({ NODE_ENV, SMS_DRIVER, SMS_GATEWAY_URL }: Environment): string[] {
  if (SMS_DRIVER === 'http' && !SMS_GATEWAY_URL) return ['SMS_DRIVER=http needs SMS_GATEWAY_URL']
  if (SMS_DRIVER === 'postbox' && NODE_ENV === 'production')
    return ['SMS_DRIVER=postbox is for development; set SMS_DRIVER=http or SMS_DRIVER=gateways']
  return []
}

/**
 * Loads `sms.yaml` where the settings ask for it.
 * @throws StartUpError with every fault of the file: place, fault and mend.
 */
export function loadSms(environment: Environment, configDir: string, variables: NodeJS.ProcessEnv): SmsConfig {
  const { SMS_DRIVER: driver, SMS_GATEWAY_URL: gatewayUrl } = environment
  if (driver === 'http') return { driver, gatewayUrl: gatewayUrl ?? '' }
  if (driver === 'postbox') return { driver }
  const file = readYaml(configDir, 'sms.yaml', smsFileSchema)
  const faults = [...routeFaults(file), ...placeholderFaults(file)]
  const gateways = withSecrets(
    'gateways',
    file.gateways,
    { environment: variables, baseDir: configDir },
    faults,
  ) as Record<string, SmsGatewayConfig>
  if (faults.length > 0) throw new StartUpError(`${join(configDir, 'sms.yaml')} is not valid: ${faults.join('; ')}.`)
  return { driver, ...file, gateways }
}

/** Seconds that all gateways of a route may take: below the shortest `sms.timeout` that config/deliveries.ts takes. */
const longestRoute = 9

function routeFaults({ gateways, routes }: SmsFile): string[] {
  const names = Object.keys(gateways)
  if (names.length === 0) return ['gateways: none is set; add one, or set SMS_DRIVER=http with SMS_GATEWAY_URL']
  const faults: string[] = []
  if (names.length > 1 && !routes.some(({ countries }) => countries === '*'))
    faults.push("routes: with several gateways one route needs countries: '*'")
  for (const [index, route] of [...routes, { gateways: routes.length === 0 ? names : [] }].entries()) {
    for (const name of route.gateways)
      if (!gateways[name]) faults.push(`routes.${index}.gateways: ${name} is no gateway of this file`)
    const together = route.gateways.reduce((sum, name) => sum + (gateways[name]?.timeout ?? 0), 0)
    if (together > longestRoute)
      faults.push(
        `routes.${index}: its gateways may take ${together} s together; more than ${longestRoute} s is longer than a try, lower their timeout`,
      )
  }
  return faults
}

/** Placeholders of a body; a header gets none that is personal, because many parts on the way log headers. */
const bodyNames = ['id', 'to', 'digits', 'text', 'sender', 'validFor']
const headerNames = ['id', 'sender', 'validFor']

function placeholderFaults({ gateways }: SmsFile): string[] {
  const faultsOf = (place: string, given: Template, known: string[]) =>
    placeholdersOf(given)
      .filter((name) => !known.includes(name))
      .map((name) => `${place}: {{${name}}} is unknown here; known are ${known.map((each) => `{{${each}}}`).join(' ')}`)
  return Object.entries(gateways).flatMap(([name, entry]) =>
    entry.driver === 'smpp'
      ? []
      : [
          ...faultsOf(`gateways.${name}.headers`, entry.headers, headerNames),
          ...faultsOf(`gateways.${name}.body.fields`, entry.body.fields, bodyNames),
        ],
  )
}

/** Replaces every `{ from: env:NAME, prefix? }` by the secret and notes what is missing, never what was found. */
function withSecrets(place: string, given: unknown, sources: Sources, faults: string[]): unknown {
  if (given === null || typeof given !== 'object') return given
  const { from, prefix = '', ...others } = given as { from?: unknown; prefix?: string }
  if (typeof from === 'string' && /^(env|file):/.test(from) && Object.keys(others).length === 0) {
    const value = readReference(from, sources)
    if (!value) faults.push(`${place}: ${from} is not set or cannot be read`)
    if (value?.includes('{{')) faults.push(`${place}: ${from} must not contain {{`)
    return `${prefix}${value}`
  }
  const filled = Object.entries(given).map(([key, value]) => [
    key,
    withSecrets(`${place}.${key}`, value, sources, faults),
  ])
  return Array.isArray(given) ? filled.map(([, value]) => value) : Object.fromEntries(filled)
}
