import { readFileSync } from 'node:fs'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis } from '../../../src/app/start/redis.ts'
import type { Config } from '../../../src/config.ts'
import { createRedisCounters } from '../../../src/gateways/redis/counters.ts'
import { createRedis, type RedisGateway } from '../../../src/gateways/redis/redis.ts'
import { createRedisArtefactStore } from '../../../src/oidc/adapters/redis.ts'
import { hasOpenssl, hasRedisPrograms } from '../../support/machine/programs.ts'
import { type Certificates, makeCertificates } from '../../support/servers/certificates.ts'
import { freePort } from '../../support/servers/processes.ts'
import { type RedisServer, startRedis, startRedisCluster, tlsOptions } from '../../support/servers/redis.ts'

const password = 'p@ss/w:rd'
const credentials = `meine-aok:${encodeURIComponent(password)}@`
/** The rights that docs/operate/redis.md gives. */
const rights = /`(~meine-aok:[^`]+)`/.exec(readFileSync('docs/operate/redis.md', 'utf8'))?.[1] ?? ''

const connect = (redis: Config['redis']) => connectRedis({ redis } as Config, pino({ enabled: false }))

describe.skipIf(!hasRedisPrograms() || !hasOpenssl())('the connection to Redis', () => {
  let files: Certificates
  let server: RedisServer
  beforeAll(async () => {
    files = await makeCertificates()
    server = await startRedis({
      settings: [`user meine-aok on >${password} ${rights}`],
      ...tlsOptions(files),
    })
  })
  afterAll(async () => {
    await server?.remove()
    files?.remove()
  })
  const withUser = (url: string, who = credentials) => url.replace('://', `://${who}`)

  it('speaks TLS with an authority of its own, as a user with the rights of the handbook and no more', async () => {
    const gateway = await connect({ url: withUser(server.url), caFile: files.ca, sentinelPassword: undefined })
    if (!gateway) throw new Error('no connection')
    await useAll(gateway)
    expect(await server.command('ACL', 'LOG')).toEqual([])
    await expect(gateway.run((client) => client.flushall())).rejects.toThrow('Redis')
    await expect(gateway.run((client) => client.get('of-somebody-else'))).rejects.toThrow('Redis')
    await gateway.close()
  })

  it('needs no more rights in a Cluster', async () => {
    const cluster = await startRedisCluster()
    let gateway: RedisGateway | undefined
    try {
      for (const node of cluster.nodes)
        await node.command('ACL', 'SETUSER', 'meine-aok', 'on', `>${password}`, ...rights.split(' '))
      gateway = createRedis({ url: withUser(cluster.url) })
      await gateway.ping()
      await useAll(gateway)
      for (const node of cluster.nodes) expect(await node.command('ACL', 'LOG')).toEqual([])
    } finally {
      await gateway?.close()
      await cluster.remove()
    }
  })

  it.each([
    ['a wrong password', () => withUser(server.url, 'meine-aok:wrong@'), /refuses the user or the password/, 4_000],
    ['no user at all', () => withUser(server.url, 'nobody:x@'), /refuses the user or the password/, 4_000],
    ['nobody there', async () => `redis://127.0.0.1:${await freePort()}`, /Redis cannot be reached/, 9_000],
  ])('refuses the start with one sentence: %s', async (_what, url, sentence, within) => {
    const begun = performance.now()
    const settings = { url: await url(), caFile: files.ca, sentinelPassword: undefined }
    await expect(connect(settings)).rejects.toThrow(sentence)
    expect(performance.now() - begun).toBeLessThan(within)
  })

  it('refuses a certificate of an authority that it was not told', async () => {
    const settings = { url: withUser(server.url), caFile: undefined, sentinelPassword: undefined }
    await expect(connect(settings)).rejects.toThrow(/The certificate of Redis does not fit .*REDIS_TLS_CA/)
  })
})

/** Every command that the service sends. */
async function useAll(gateway: RedisGateway): Promise<void> {
  const store = createRedisArtefactStore(gateway)
  const artefact = { sealed: 'x', lifetime: 60, grantHash: 'grant', uidHash: 'uid', userCodeHash: 'code' }
  for (const hash of ['first', 'second', 'third']) await store.save('RefreshToken', hash, artefact)
  for (const [uses, successor] of ['second', 'third'].entries()) {
    expect(await store.consume('RefreshToken', 'first', uses)).toBe(true)
    await store.answer('RefreshToken', 'first', successor)
  }
  expect((await store.find('RefreshToken', 'second'))?.superseded).toBe(true)
  expect(await store.findByUid('RefreshToken', 'uid')).toBeDefined()
  await store.remove('RefreshToken', 'third')
  await store.removeByGrant('grant')
  expect(await store.find('RefreshToken', 'first')).toBeUndefined()
  const counters = createRedisCounters(gateway)
  for (const expire of [null, Date.now() + 60_000]) await counters.add('key', 1, Date.now(), expire, true)
  expect(await counters.get('key', Date.now())).toMatchObject({ points: 1 })
  expect(await counters.remove('key')).toBe(true)
  await counters.deleteAll()
}
