import { beforeEach, expect, it } from 'vitest'
import type { Database } from '../../../src/stores/database/database.ts'
import { writerOf } from '../../../src/stores/database/writes.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

describeOnBoth('writes', (database) => {
  const insert = (db: Database, name: string) => db('settings').insert({ name, value: '1' }).returning('name')
  const kept = async () => (await database()('settings').orderBy('name').pluck('name')).join(' ')

  /** What a transaction sends beside its beginning and its end. */
  async function statementsOf(work: (trx: Database) => Promise<unknown>): Promise<number> {
    let count = 0
    await database().transaction(async (trx) => {
      trx.on('query', () => count++)
      await work(trx)
      return count
    })
    return count
  }

  beforeEach(async () => {
    await database()('settings').delete()
  })

  it('of one turn go out as one statement, and give each its own rows', async () => {
    const given: unknown[] = []
    const sent = await statementsOf(async (trx) => {
      const write = writerOf(trx)
      given.push(...(await Promise.all([write(insert(trx, 'a')), write(insert(trx, 'b'), insert(trx, 'c'))])))
    })
    expect(given).toEqual([[{ name: 'a' }], [{ name: 'b' }]])
    // Its own end is a statement, too.
    expect(sent).toBe(2)
    expect(await kept()).toBe('a b c')
  })

  it('of two turns see what the first one has changed', async () => {
    const sent = await statementsOf(async (trx) => {
      await writerOf(trx)(insert(trx, 'a'))
      const changed = await writerOf(trx)(
        trx('settings').where({ name: 'a' }).update({ value: '2' }).returning('value'),
      )
      expect(changed).toEqual([{ value: '2' }])
    })
    expect(sent).toBe(3)
  })

  it('fail together and leave nothing', async () => {
    await writerOf(database())(insert(database(), 'taken'))
    const together = database().transaction(async (trx) => {
      const write = writerOf(trx)
      await Promise.all([write(insert(trx, 'a')), write(insert(trx, 'taken'))])
    })
    await expect(together).rejects.toThrow(/duplicate key|unique/i)
    expect(await kept()).toBe('taken')
  })

  it('outside of a transaction stay each its own', async () => {
    const write = writerOf(database())
    await write(insert(database(), 'taken'))
    const results = await Promise.allSettled([write(insert(database(), 'a')), write(insert(database(), 'taken'))])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await kept()).toBe('a taken')
  })
})
