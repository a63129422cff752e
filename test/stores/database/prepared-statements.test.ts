import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { createStatementNames } from '../../../src/stores/database/prepared-statements.ts'
import { backends } from '../../support/app.ts'
import { createServerDatabase, type Own } from '../../support/stores/server-database.ts'

describe('names of statements', () => {
  it('are given at the second use, and stay', () => {
    const { nameOf } = createStatementNames()
    expect(nameOf('select id from a where b = $1')).toBeUndefined()
    const name = nameOf('select id from a where b = $1')
    expect(name).toBeDefined()
    expect(nameOf('select id from a where b = $1')).toBe(name)
    nameOf('select id from c where b = $1')
    expect(nameOf('select id from c where b = $1')).not.toBe(name)
  })

  it('are of the text alone, whatever a process has used before', () => {
    const texts = ['update a set b = $1', 'update a set c = $1']
    const namesIn = (order: string[]) => {
      const { nameOf } = createStatementNames()
      for (const text of order) nameOf(text)
      const given = Object.fromEntries(order.map((text) => [text, nameOf(text)]))
      return texts.map((text) => given[text])
    }
    expect(namesIn(texts)).toEqual(namesIn([...texts].reverse()))
  })

  it('are few, however many texts there are', () => {
    const { nameOf } = createStatementNames()
    const twice = (text: string) => [nameOf(text), nameOf(text)][1]
    const given = Array.from({ length: 1000 }, (_, index) => twice(`select ${index}`)).filter(Boolean)
    expect(given).toHaveLength(400)
  })

  it.each([
    'select * from "a" where "id" = $1',
    'select "a".* from "a" where "id" = $1',
    'update "a" set "b" = $1 returning *',
    'with x as (select 1) select x.* from x',
  ])('are not given where a new column changes the result: %s', (text) => {
    const { nameOf } = createStatementNames()
    nameOf(text)
    expect(nameOf(text)).toBeUndefined()
  })

  it('are given where a star is none of the result', () => {
    const { nameOf } = createStatementNames()
    const text = 'select count(*), 2 * $1 from a where exists (select * from b)'
    nameOf(text)
    expect(nameOf(text)).toBeDefined()
  })
})

describe.skipIf(!backends.includes('servers'))('a server', () => {
  let own: Own
  const opened: OpenDatabase[] = []
  const open = async (prepare?: boolean) => {
    const database = await openDatabase({ url: own.url, poolSize: 1, prepare })
    opened.push(database)
    return database.knex
  }
  beforeAll(async () => {
    own = await createServerDatabase('empty')
  })
  afterAll(async () => {
    for (const { close } of opened) await close()
    await own.drop()
  })

  const preparedBy = async (knex: OpenDatabase['knex'], text: string) =>
    (await knex.raw('select statement, generic_plans + custom_plans as uses from pg_prepared_statements')).rows.filter(
      ({ statement }: { statement: string }) => statement === text,
    )

  it('is given a text once and only its values from then on', async () => {
    const knex = await open()
    for (let turn = 0; turn < 4; turn++)
      expect((await knex.raw('select ?::int + 1 as next', [turn])).rows).toEqual([{ next: turn + 1 }])
    expect(await preparedBy(knex, 'select $1::int + 1 as next')).toMatchObject([{ uses: '3' }])
  })

  it('is given each text anew where statements are not prepared', async () => {
    const knex = await open(false)
    for (let turn = 0; turn < 4; turn++) await knex.raw('select ?::int + 1 as next', [turn])
    expect(await preparedBy(knex, 'select $1::int + 1 as next')).toEqual([])
  })

  it('loses a statement, which fails once and is not prepared again', async () => {
    const knex = await open()
    const ask = async () => (await knex.raw('select ?::int + 2 as next', [1])).rows
    for (let turn = 0; turn < 3; turn++) await ask()
    await knex.raw('deallocate all')
    await expect(ask()).rejects.toThrow('does not exist')
    expect(await ask()).toEqual([{ next: 3 }])
  })

  it('has a statement already that another process prepared, which fails once and is not prepared again', async () => {
    const knex = await open()
    const text = 'select ?::int + 3 as next'
    const ask = async () => (await knex.raw(text, [1])).rows
    await ask()
    const { nameOf } = createStatementNames()
    nameOf('select $1::int + 3 as next')
    await knex.raw(`prepare ${nameOf('select $1::int + 3 as next')} as select $1::int + 3 as next`)
    await expect(ask()).rejects.toThrow('already exists')
    expect(await ask()).toEqual([{ next: 4 }])
  })

  it('changes a table while the service runs', async () => {
    const knex = await open()
    await knex.raw('create table grows (id int)')
    await knex('grows').insert({ id: 1 })
    for (let turn = 0; turn < 3; turn++) await knex('grows').where({ id: 1 }).first()
    await knex.raw('alter table grows add column name text')
    expect(await knex('grows').where({ id: 1 }).first()).toEqual({ id: 1, name: null })
  })
})
