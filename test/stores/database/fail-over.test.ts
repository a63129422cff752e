import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { postgresPrograms } from '../../support/machine/programs.ts'
import { type PostgresServer, startPostgres, startStandby } from '../../support/servers/postgres.ts'
import { until } from '../../support/servers/processes.ts'

const timeouts = { connect: 1000, statement: 2000, lock: 500, idleInTransaction: 1000 }

describe.skipIf(!postgresPrograms())('several hosts in DATABASE_URL', () => {
  let first: PostgresServer
  let second: PostgresServer
  let database: OpenDatabase

  const open = (parameters: string) => {
    const hosts = [first, second].map(({ port }) => `127.0.0.1:${port}`).join(',')
    return openDatabase({ url: `postgres://postgres@${hosts}/postgres${parameters}`, poolSize: 4, timeouts })
  }
  const insert = () => database.knex('written').insert({ n: 1 }).returning('n')
  const portInUse = async () => Number((await database.knex.raw("select current_setting('port') as port")).rows[0].port)

  beforeAll(async () => {
    first = await startPostgres()
    second = await startStandby(first)
    await first.query('create table written (n int)')
    database = await open('?target_session_attrs=read-write')
  })
  afterAll(async () => {
    await database?.close()
    await second?.remove()
    await first?.remove()
  })

  it('takes the one that accepts writes, wherever it stands in the list', async () => {
    expect(await portInUse()).toBe(first.port)
    const swapped = await openDatabase({
      url: `postgres://postgres@127.0.0.1:${second.port},127.0.0.1:${first.port}/postgres?target_session_attrs=read-write`,
      poolSize: 2,
    })
    await swapped.knex('written').insert({ n: 1 })
    await swapped.close()
  })

  it('takes the first that answers when any will do', async () => {
    const any = await openDatabase({
      url: `postgres://postgres@127.0.0.1:1,127.0.0.1:${second.port}/postgres`,
      poolSize: 2,
    })
    expect((await any.knex.raw('select pg_is_in_recovery() as standby')).rows[0].standby).toBe(true)
    await any.close()
  })

  it('lets the server end statements, waits for locks and idle transactions that take too long', async () => {
    await expect(database.knex.raw('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
    await database.knex.transaction(async (holder) => {
      await holder.raw('lock table written in access exclusive mode')
      await expect(insert()).rejects.toMatchObject({ code: '55P03' })
    })
    const idle = database.knex.transaction(async (trx) => {
      await trx('written').insert({ n: 2 })
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await trx('written').insert({ n: 3 })
    })
    await expect(idle).rejects.toThrow()
    expect(await insert()).toHaveLength(1)
  })

  it('goes on with the standby once it is promoted, and fails what was under way', async () => {
    await Promise.all(Array.from({ length: 4 }, insert))
    const underWay = database.knex.raw('select pg_sleep(1)').then(
      () => 'done',
      () => 'failed',
    )
    await first.kill()
    expect(await underWay).toBe('failed')
    // Until somebody is primary a request fails with a fault of the connection; it never hangs.
    await second.promote()
    await until('writing works again', async () => (await insert()).length === 1)
    expect(await portInUse()).toBe(second.port)
    // Every connection of the pool, not only the first, leads to the new primary.
    expect(await Promise.all(Array.from({ length: 8 }, insert))).toHaveLength(8)
  })

  it('stays there when the old primary comes back as a standby, and takes it again after the next fail-over', async () => {
    await first.follow(second)
    const anew = await open('?target_session_attrs=read-write')
    await anew.knex('written').insert({ n: 1 })
    await anew.close()
    expect(await Promise.all(Array.from({ length: 8 }, insert))).toHaveLength(8)
    expect(await portInUse()).toBe(second.port)
    await second.kill()
    await first.promote()
    await until('writing works again', async () => (await insert()).length === 1)
    expect(await portInUse()).toBe(first.port)
  })

  it('leaves a server that refuses writes from one moment to the next', async () => {
    const alone = await openDatabase({
      url: `postgres://postgres@127.0.0.1:${first.port}/postgres?target_session_attrs=read-write`,
      poolSize: 3,
      timeouts,
    })
    const write = () => alone.knex('written').insert({ n: 4 })
    await Promise.all([write(), write(), write()])
    // Sessions that exist keep their right to write until they end; new ones would be refused.
    await first.query('alter database postgres set default_transaction_read_only = on')
    await alone.knex.raw('set default_transaction_read_only = on')
    const attempts = await Promise.allSettled(Array.from({ length: 6 }, write))
    expect(attempts.some(({ status }) => status === 'rejected')).toBe(true)
    const client = await first.query('alter database postgres reset default_transaction_read_only').catch((e) => e)
    if (client instanceof Error)
      await first.query('begin read write; alter database postgres reset default_transaction_read_only; commit')
    await until('writing works again', async () => (await write()) !== undefined)
    expect((await Promise.all(Array.from({ length: 6 }, write))).length).toBe(6)
    await alone.close()
  })
})
