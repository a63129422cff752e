import { isAbsolute } from 'node:path'
import { trustsAny } from '../../domain/network/trusted-proxies.ts'
import { type Facts, type Finding, fault, type Rule, risk } from './rule.ts'

const required = ['ISSUER', 'DATABASE_URL', 'COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS', 'SMTP_URL'] as const
const ofDevelopment = ['DEMO_REDIRECT_URIS', 'DEMO_CLIENT_SECRET'] as const
const off = [undefined, '', '0', 'false']

/** What production needs, and what is of development. */
export const productionRule: Rule = ({ environment }) => [
  ...required.flatMap((name) =>
    fault(
      !environment[name],
      name,
      `${name} is required in production${name === 'ISSUER' ? '' : ` (or ${name}_FILE)`}`,
    ),
  ),
  ...ofDevelopment.flatMap((name) => fault(environment[name], name, `${name} is for development; unset it`)),
  ...fault(environment.SANDBOX, 'SANDBOX', 'SANDBOX=true is for development; unset it'),
]

/** Switches that take a protection away, ours and those of Node and the libraries. */
export const switchRule: Rule = ({ environment, variables, nodeOptions }) => [
  ...risk(
    environment.IP_LIMIT_FACTOR > 1,
    'IP_LIMIT_FACTOR',
    `lets one address try ${environment.IP_LIMIT_FACTOR} times as much as the limits say; it is for load runs`,
  ),
  ...risk(
    !trustsAny(environment.TRUST_PROXY),
    'TRUST_PROXY',
    'is not set: behind a proxy, which ends TLS, all members share the limits of one address',
  ),
  ...logRisks(environment.LOG_LEVEL),
  ...fault(
    environment.METRICS_PORT && environment.METRICS_PORT === environment.PORT,
    'METRICS_PORT',
    'METRICS_PORT must differ from PORT, for example 9464',
  ),
  ...fault(
    environment.ADMIN_PORT && [environment.PORT, environment.METRICS_PORT].includes(environment.ADMIN_PORT),
    'ADMIN_PORT',
    'ADMIN_PORT must differ from PORT and METRICS_PORT, for example 3002',
  ),
  ...fault(
    environment.ADMIN_PORT && environment.NODE_ENV === 'production' && !environment.ADMIN_URL,
    'ADMIN_URL',
    'ADMIN_URL must name the address at which staff reach ADMIN_PORT, for example https://konsole.example.org',
  ),
  ...fault(
    environment.ADMIN_URL && new URL(environment.ADMIN_URL).href !== `${new URL(environment.ADMIN_URL).origin}/`,
    'ADMIN_URL',
    'ADMIN_URL must have no path, query or user name, for example https://konsole.example.org',
  ),
  ...fault(
    environment.NODE_ENV === 'production' && environment.ADMIN_URL?.startsWith('http:'),
    'ADMIN_URL',
    'ADMIN_URL must begin with https://',
  ),
  ...fault(
    environment.LETTER_SPOOL_DIR && !isAbsolute(environment.LETTER_SPOOL_DIR),
    'LETTER_SPOOL_DIR',
    'LETTER_SPOOL_DIR must be absolute, for example /var/spool/letters: the folder in which a command is called must not move letters',
  ),
  ...ofRuntime({ variables, nodeOptions }),
]

function logRisks(level: Facts['environment']['LOG_LEVEL']): Finding[] {
  return [
    ...risk(
      ['trace', 'debug'].includes(level),
      'LOG_LEVEL',
      `${level} is for looking for faults; info is for every day`,
    ),
    ...risk(['fatal', 'silent'].includes(level), 'LOG_LEVEL', `${level} hides every fault; info is for every day`),
  ]
}

const takeOut = '--inspect, --tls-keylog, --tls-min-v1.0, --tls-min-v1.1, --security-revert and --insecure-http-parser'
const forbidden = /^--(inspect|tls[-_]keylog|tls[-_]min[-_]v1\.[01]|security[-_]revert|insecure[-_]http[-_]parser)/
/** Reports hold every variable of the environment, secrets among them; cores and heaps hold everything. */
const dumping = /^--(report[-_]|abort[-_]on[-_]uncaught|heapsnapshot|heap[-_]prof)/

/**
 * Every library of the process obeys these; the names stand in the documentation of Node (Command-line API) and of npm's `debug`. Options
 * of Node come with NODE_OPTIONS or with the command that started it.
 */
function ofRuntime({ variables, nodeOptions }: Pick<Facts, 'variables' | 'nodeOptions'>): Finding[] {
  const options = [...(variables.NODE_OPTIONS ?? '').split(/[\s"']+/), ...nodeOptions]
  return [
    ...fault(
      variables.NODE_TLS_REJECT_UNAUTHORIZED === '0',
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'NODE_TLS_REJECT_UNAUTHORIZED=0 trusts every certificate; unset it and name the authority (NODE_EXTRA_CA_CERTS)',
    ),
    ...['DEBUG', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE'].flatMap((name) =>
      fault(
        !off.includes(variables[name]),
        name,
        `${name} makes libraries print what they send, passwords and numbers among it; unset it`,
      ),
    ),
    ...fault(
      options.some((option) => forbidden.test(option)),
      'NODE_OPTIONS',
      `NODE_OPTIONS (or the command) opens a debugger, writes session keys, or takes protocols loosely; take ${takeOut} out`,
    ),
    ...risk(
      options.some((option) => dumping.test(option)),
      'NODE_OPTIONS',
      'writes memory or every variable into a file when a fault happens, secrets among them',
    ),
  ]
}

/** What the mail library and fetch would do with more than an address in these URLs. */
export const addressRule: Rule = ({ environment: { SMTP_URL }, sms }) => {
  const words = [...new URLSearchParams(URL.parse(SMTP_URL ?? '')?.search).keys()].filter((name) => name !== 'name')
  const urls =
    sms?.driver === 'http'
      ? [['SMS_GATEWAY_URL', sms.gatewayUrl] as const]
      : sms?.driver === 'gateways'
        ? Object.entries(sms.gateways).map(([name, { url }]) => [`gateways.${name}.url`, url] as const)
        : []
  return [
    ...fault(
      words.length > 0,
      'SMTP_URL',
      `SMTP_URL sets ${words.join(', ')} behind its question mark, which can switch TLS off; only name= may stand there`,
    ),
    ...urls.flatMap(([setting, url]) =>
      fault(
        URL.parse(url)?.username || URL.parse(url)?.password,
        setting,
        `${setting} holds a user name or password, which no request takes from an address; use SMS_DRIVER=gateways with a header or systemId`,
      ),
    ),
  ]
}
