import net from 'node:net'
import type { Knex } from 'knex'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isStoreAway } from '../../../src/http/middleware/errors.ts'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { backends } from '../../support/app.ts'
import { createServerDatabase, type Own } from '../../support/stores/server-database.ts'

const timeouts = { connect: 1000, statement: 400, lock: 200, idleInTransaction: 2000 }

/** A way to the server that can be cut, as a proxy does when it restarts. */
async function startWay(url: string) {
  const { hostname, port } = new URL(url)
  const open = new Set<net.Socket>()
  const listener = net.createServer((near) => {
    const far = net.connect(Number(port || 5432), hostname)
    open.add(near)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const via = new URL(url)
  via.hostname = '127.0.0.1'
  via.port = String((listener.address() as net.AddressInfo).port)
  return {
    url: via.href,
    cut() {
      for (const socket of open) socket.end()
      open.clear()
    },
    close: () => listener.close(),
  }
}

describe.skipIf(!backends.includes('servers'))('a database that cannot serve now is told from a fault of ours', () => {
  let own: Own
  let way: Awaited<ReturnType<typeof startWay>>
  let database: OpenDatabase
  beforeAll(async () => {
    own = await createServerDatabase('empty')
    way = await startWay(own.url)
    database = await openDatabase({ url: way.url, poolSize: 2, timeouts })
    await database.knex.raw('create table kept (id int)')
  })
  afterEach(() => database.knex.raw('select 1'))
  afterAll(async () => {
    await database?.close()
    way?.close()
    await own?.drop()
  })

  const faults: [string, (knex: Knex) => Promise<unknown>][] = [
    [
      'the connection ends while it works',
      async (knex) => {
        const answer = knex.raw('select pg_sleep(0.3)')
        await Promise.all([answer, knex.raw('select 1').then(() => way.cut())])
      },
    ],
    [
      'the connection ends within a transaction',
      (knex) =>
        knex.transaction(async (trx) => {
          const ended = new Promise((resolve) => trx.client.pool.once('destroySuccess', resolve))
          const connection = (await trx.client.acquireConnection()) as NodeJS.EventEmitter
          const closed = new Promise((resolve) => connection.once('end', resolve))
          way.cut()
          await Promise.race([closed, ended])
          await trx.raw('select 1')
        }),
    ],
    ['an answer takes too long', async (knex) => await knex.raw('select pg_sleep(2)')],
    [
      'a lock is waited for too long',
      (knex) =>
        knex.transaction(async (trx) => {
          await trx.raw('lock table kept in access exclusive mode')
          await knex('kept').select('id')
        }),
    ],
    [
      'the server takes no writes any more',
      (knex) =>
        knex.transaction(async (trx) => {
          await trx.raw('set transaction read only')
          await trx('kept').insert({ id: 1 })
        }),
    ],
  ]
  it.each(faults)('%s', async (_name, provoke) => {
    const fault = await provoke(database.knex).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(fault).toBeInstanceOf(Error)
    expect([isStoreAway(fault), (fault as Error).message]).toEqual([true, expect.any(String)])
  })

  it('but a statement that is wrong is a fault of ours', async () => {
    const fault = await database.knex.raw('select nothing').catch((error: unknown) => error)
    expect(isStoreAway(fault)).toBe(false)
    expect(isStoreAway(new Error('something else'))).toBe(false)
  })
})
