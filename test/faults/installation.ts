import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { TestApp } from '../support/app.ts'
import { type Certificates, makeCertificates } from '../support/servers/certificates.ts'
import { type OpenSshServer, startOpenSsh } from '../support/servers/openssh.ts'
import { type PostgresServer, startPostgres, startStandby } from '../support/servers/postgres.ts'
import {
  type RedisCluster,
  type RedisSentinels,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
} from '../support/servers/redis.ts'
import { startSmsHttpServer } from '../support/servers/sms-http.ts'
import { startSmtpRelay } from '../support/servers/smtp.ts'
import { startBalancer } from './parts/balancer.ts'
import { openInspection } from './parts/inspection.ts'
import { type Line, startLine } from './parts/line.ts'
import { createOperators } from './parts/operators.ts'
import { createPostOffice } from './parts/post-office.ts'
import { startProcesses } from './parts/processes.ts'
import { startRelyingParty } from './parts/relying-party.ts'
import { writeSettings } from './parts/settings.ts'

const redisKinds = { single: startRedis, sentinel: startRedisSentinels, cluster: startRedisCluster }

type Shape<K extends keyof typeof redisKinds> = {
  /** Whether a second PostgreSQL follows the first. */
  standby?: boolean
  redis?: K
  /** Further settings of the processes. */
  variables?: Record<string, string>
}

type RedisOf = { single: RedisServer; sentinel: RedisSentinels; cluster: RedisCluster }

export type Installation<K extends keyof RedisOf = 'single'> = {
  /** For the steps of `walk.ts`: addresses, and an inbox that reads what arrived at the servers. */
  app: TestApp
  variables: Record<string, string>
  postgres: PostgresServer
  standby: PostgresServer | undefined
  redis: RedisOf[K]
  smtp: Awaited<ReturnType<typeof startSmtpRelay>>
  sms: Awaited<ReturnType<typeof startSmsHttpServer>>
  /** The print shop's server; what it was brought lies in its folder. */
  shop: OpenSshServer
  /** The line to that server. */
  shopLine: Line
  office: ReturnType<typeof createPostOffice>
  operators: ReturnType<typeof createOperators>
  processes: Awaited<ReturnType<typeof startProcesses>>
  inspection: Awaited<ReturnType<typeof openInspection>>
  relyingParty: Awaited<ReturnType<typeof startRelyingParty>>
  close(): Promise<void>
}

/**
 * Starts an installation in production: PostgreSQL, Redis, mail relay, SMS gateway and the print shop's SFTP server of
 * its own on loopback, two web processes behind a balancer with TLS, one worker, and an application that signs members in. `close` ends all of it and nothing else.
 */
export async function startInstallation<K extends keyof RedisOf = 'single'>(
  shape: Shape<K> = {},
): Promise<Installation<K>> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const work of closers.splice(0).reverse()) await Promise.resolve(work()).catch(() => {})
  }
  const keep = <T>(part: T, end: (part: T) => unknown): T => {
    closers.push(() => end(part))
    return part
  }
  try {
    const certificates = keep(await makeCertificates(), (made) => made.remove())
    trust(certificates)
    const postgres = keep(await startPostgres(), (server) => server.remove())
    await postgres.query('create database installation')
    const standby = shape.standby ? keep(await startStandby(postgres), (server) => server.remove()) : undefined
    const redis = keep(await redisKinds[shape.redis ?? 'single'](), (server) => server.remove()) as RedisOf[K]
    const smtp = keep(await startSmtpRelay(), (relay) => relay.close())
    const sms = keep(await startSmsHttpServer(), (gateway) => gateway.close())
    const shop = keep(await startOpenSsh(), (server) => server.remove())
    const shopLine = keep(await startLine(shop.port), (line) => line.close())
    const balancer = keep(await startBalancer(certificates), (server) => server.close())
    const relyingParty = keep(await startRelyingParty(certificates), (server) => server.close())
    const variables = {
      ...writeSettings(folder, {
        issuer: balancer.url,
        callback: relyingParty.callback,
        database: databaseUrl(postgres, standby),
        redis: redis.url,
        smtp: smtp.url,
        sms: sms.url,
        shop: { ...shop, port: shopLine.port },
      }),
      ...shape.variables,
    }
    // The command line reads secrets of applications where the processes do.
    Object.assign(process.env, { FAULTS_PORTAL_SECRET: variables.FAULTS_PORTAL_SECRET })
    const processes = keep(await startProcesses(variables, balancer.serve), (all) => all.stop())
    await relyingParty.discover(balancer.url, variables.FAULTS_PORTAL_SECRET ?? '')
    const office = createPostOffice({ smtp, sms })
    const inspection = keep(await openInspection(variables), (eyes) => eyes.close())
    const app: TestApp = {
      ...{ issuer: balancer.url, demo: relyingParty.url, dataDir: folder, inbox: office.inbox, port: 0, demoPort: 0 },
      storage: { DATA_DIR: folder },
      advance: async () => {},
      close,
    }
    const operators = createOperators(variables, shop.folder)
    return {
      ...{ app, variables, postgres, standby, redis, smtp, sms, shop, shopLine, office, operators },
      ...{ processes, inspection, relyingParty, close },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function databaseUrl(primary: PostgresServer, standby?: PostgresServer): string {
  if (!standby) return primary.url('installation')
  const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`).join(',')
  return `postgres://postgres@${hosts}/installation?target_session_attrs=read-write`
}

/** This process takes the part of browsers and of the application: they trust the authority of the balancer. */
function trust({ ca }: Certificates): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(ca, 'utf8')])
}
