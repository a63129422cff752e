import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { OpenSshServer } from '../../support/servers/openssh.ts'
import { clientId } from './relying-party.ts'

const project = join(import.meta.dirname, '../../..')

/** Addresses of everything that an installation talks to. */
export type Addresses = {
  issuer: string
  callback: string
  database: string
  redis: string
  smtp: string
  sms: string
  shop: Pick<OpenSshServer, 'port' | 'user' | 'folder' | 'keyFile' | 'fingerprint'>
}

type Values = Record<string, unknown>

/**
 * Writes a CONFIG_DIR of its own into `folder` and answers the settings of its processes: letters go the day they are asked for and
 * by the command line only, tries are short, limits per number are high; all else is as delivered.
 */
export function writeSettings(folder: string, addresses: Addresses): Record<string, string> {
  const { shop } = addresses
  const config = join(folder, 'config')
  cpSync(join(project, 'config'), config, { recursive: true })
  const change = (name: string, work: (values: Values) => Values) => {
    const file = join(config, name)
    writeFileSync(file, stringify(work(parse(readFileSync(file, 'utf8')))))
  }
  change('clients.yaml', () => ({ default_client: clientId, clients: [client(addresses.callback)] }))
  const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  change('print-desk.yaml', (desk) => ({
    ...desk,
    ...{ schedule: false, productionDays: 0, postingWeekdays: everyDay, holidays: null, closedDays: [] },
  }))
  change('deliveries.yaml', (rules) => ({
    ...rules,
    sms: { ...(rules.sms as Values), firstRetry: 1, longestRetry: 3 },
    email: { ...(rules.email as Values), timeout: 10, firstRetry: 1, longestRetry: 3 },
  }))
  change('limits.yaml', (limits) => {
    const mtan = limits.mtan as Values
    const signIn = { perNumberAndHour: 1000, perNumberAndDay: 1000 }
    const registration = { ...(mtan.registration as Values), perNumberAndDay: 1000 }
    return { ...limits, mtan: { ...mtan, signIn, registration, resendAfter: [1, 1, 1] } }
  })
  const key = () => `k1:${randomBytes(32).toString('base64')}`
  return {
    NODE_ENV: 'production',
    ISSUER: addresses.issuer,
    CONFIG_DIR: config,
    DATA_DIR: folder,
    DATABASE_URL: addresses.database,
    REDIS_URL: addresses.redis,
    COOKIE_KEYS: key(),
    ENCRYPTION_KEYS: key(),
    HASH_KEYS: key(),
    SMTP_URL: addresses.smtp,
    SMS_DRIVER: 'http',
    SMS_GATEWAY_URL: addresses.sms,
    LETTER_DRIVER: 'sftp',
    LETTER_SFTP_URL: `sftp://${shop.user}@127.0.0.1:${shop.port}${shop.folder}`,
    LETTER_SFTP_KEY_FILE: shop.keyFile,
    LETTER_SFTP_HOST_KEYS: shop.fingerprint,
    TRUST_PROXY: 'true',
    IP_LIMIT_FACTOR: '1000',
    FAULTS_PORTAL_SECRET: randomBytes(32).toString('base64url'),
  }
}

const client = (callback: string) => ({
  client_id: clientId,
  name: 'Portal',
  kind: 'web',
  first_party: true,
  reviewed: true,
  redirect_uris: [callback],
  initiate_login_uri: new URL('/login', callback).href,
  scopes: ['openid', 'profile'],
  client_secret: { from: 'env:FAULTS_PORTAL_SECRET' },
})
