import { isLoopbackHost, isLoopbackUrl } from '../../domain/network/loopback.ts'
import { parseRedisAddress } from '../../domain/network/redis-address.ts'
import { parseDatabaseUrl } from '../../stores/database/database-url.ts'
import { telemetryOf } from '../telemetry.ts'
import { type Facts, type Finding, fault, type Rule, risk } from './rule.ts'

/** One way out of the process. `agreed`: a setting of its own says that it may be in clear. */
type Connection = {
  setting: string
  carries: string
  example: string
  encrypted: boolean
  local: boolean
  agreed?: boolean
}

/** No connection leaves the machine in clear unless an operator says so for this very connection; then it is told at every start. */
export const connectionRule: Rule = (facts) => {
  const plainByName = facts.environment.PLAIN_CONNECTIONS ?? []
  const { connections, findings } = connectionsOf(facts)
  for (const { setting, carries, example, encrypted, local, agreed } of connections) {
    if (encrypted || local) continue
    if (agreed || plainByName.includes(setting))
      findings.push({ setting, risk: `carries ${carries} in clear, unless the network itself is encrypted` })
    else
      findings.push({
        setting,
        fault: `${setting} would carry ${carries} over the network in clear; use ${example}${setting === 'DATABASE_URL' ? ', or sslmode=disable' : ', or name it in PLAIN_CONNECTIONS'} where the network itself is encrypted`,
      })
  }
  const known = connections.map(({ setting }) => setting)
  const unknown = plainByName.filter((name) => !known.includes(name))
  return [
    ...findings,
    ...fault(
      unknown.length > 0,
      'PLAIN_CONNECTIONS',
      `PLAIN_CONNECTIONS names ${unknown.join(', ')}, which is no connection of this installation; there are ${known.join(', ')}`,
    ),
  ]
}

function connectionsOf(facts: Facts): { connections: Connection[]; findings: Finding[] } {
  const findings: Finding[] = []
  const connections: Connection[] = []
  for (const look of [database, redis, relay, smsGateways, auditStream, collectors])
    try {
      connections.push(...look(facts))
    } catch (error) {
      // A URL that cannot be read; the message names the setting and repeats nothing of it.
      findings.push({ setting: 'DATABASE_URL', fault: (error as Error).message.replace(/\.$/, '') })
    }
  return { connections, findings }
}

function database({ environment: { DATABASE_URL: url } }: Facts): Connection[] {
  if (!url) return []
  const { hosts, ssl } = parseDatabaseUrl(url)
  return [
    {
      setting: 'DATABASE_URL',
      carries: 'all data',
      example: 'sslmode=verify-full&sslrootcert=/path/to/ca.pem',
      encrypted: ssl !== false,
      local: hosts.every(({ host }) => isLoopbackHost(host)),
      agreed: /[?&]sslmode=disable(&|$)/.test(url),
    },
  ]
}

function redis({ environment: { REDIS_URL: url } }: Facts): Connection[] {
  if (!url) return []
  const { hosts, tls } = parseRedisAddress(url)
  return [
    {
      setting: 'REDIS_URL',
      carries: 'its password and sessions',
      example: 'rediss://redis.example.org:6379',
      encrypted: tls,
      local: hosts.every(({ host }) => isLoopbackHost(host)),
    },
  ]
}

function relay({ environment: { SMTP_URL: url, SMTP_TLS } }: Facts): Connection[] {
  if (!url) return []
  const encrypted = /^smtps:/i.test(url) || SMTP_TLS === 'required'
  const example = 'smtps://mail.example.org, or SMTP_TLS=required'
  return [
    {
      ...{ setting: 'SMTP_URL', carries: 'links and addresses of members', example, encrypted },
      local: isLoopbackUrl(url),
      agreed: SMTP_TLS === 'optional',
    },
  ]
}

function smsGateways({ sms }: Facts): Connection[] {
  if (!sms || sms.driver === 'postbox') return []
  const urls =
    sms.driver === 'http'
      ? [['SMS_GATEWAY_URL', sms.gatewayUrl] as const]
      : Object.entries(sms.gateways).map(([name, { url }]) => [`gateways.${name}.url`, url] as const)
  return urls
    .filter(([, url]) => url !== '')
    .map(([setting, url]) => ({
      setting,
      carries: 'mobile numbers and codes',
      example: url.startsWith('smpp') ? 'smpps://smsc.example.org:3550' : 'https://sms.example.org/send',
      encrypted: /^(https|smpps):/i.test(url),
      local: isLoopbackUrl(url),
    }))
}

function auditStream({ environment: { AUDIT_STREAM_URL: url, AUDIT_STREAM_TOKEN: token } }: Facts): Connection[] {
  if (!url) return []
  const syslog = url.protocol.startsWith('syslog')
  return [
    {
      setting: 'AUDIT_STREAM_URL',
      carries: `the audit log${token ? ' and AUDIT_STREAM_TOKEN' : ''}`,
      example: syslog ? 'syslog+tls://siem.example.org:6514' : 'https://siem.example.org/events',
      encrypted: ['https:', 'syslog+tls:'].includes(url.protocol),
      local: isLoopbackHost(url.hostname),
    },
  ]
}

/** Spans hold no values, so that a collector in the same network may be in clear; a token for it may not. */
function collectors({ variables }: Facts): Connection[] {
  if (!telemetryOf(variables)) return []
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  const header = variables.OTEL_EXPORTER_OTLP_HEADERS || variables.OTEL_EXPORTER_OTLP_TRACES_HEADERS
  return names.flatMap((setting) => {
    const url = variables[setting]
    if (!url) return []
    const token = header || URL.parse(url)?.username
    return {
      setting,
      carries: token ? `the token ${header ? 'of OTEL_EXPORTER_OTLP_HEADERS' : 'in it'}` : 'traces',
      example: 'https://collector.example.org:4318',
      encrypted: /^https:/i.test(url),
      local: isLoopbackUrl(url),
      agreed: !token,
    }
  })
}

/** Whether the far side proves who it is, and whether it asks who comes. */
export const farSideRule: Rule = ({ environment: { DATABASE_URL, REDIS_URL } }) => {
  const elsewhere = (hosts: readonly { host: string }[]) => hosts.some(({ host }) => !isLoopbackHost(host))
  const store = DATABASE_URL ? parseOrNothing(DATABASE_URL) : undefined
  const cache = REDIS_URL ? parseRedisAddress(REDIS_URL) : undefined
  return [
    ...risk(
      store?.ssl && !store.ssl.rejectUnauthorized,
      'DATABASE_URL',
      'encrypts without looking who answers; sslmode=verify-full does',
    ),
    ...risk(store && elsewhere(store.hosts) && !store.password, 'DATABASE_URL', 'holds no password'),
    ...risk(cache && elsewhere(cache.hosts) && !cache.password, 'REDIS_URL', 'holds no password'),
  ]
}

function parseOrNothing(url: string) {
  try {
    return parseDatabaseUrl(url)
  } catch {
    return undefined
  }
}
