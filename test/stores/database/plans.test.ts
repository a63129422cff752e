import { beforeAll, expect, it } from 'vitest'
import { fillTables, planFillings } from '../../bench/scale-data.ts'
import { describeOnServer } from '../../support/stores/databases.ts'
import { explain, nodesOf, watchedQueries } from '../../support/stores/plans.ts'

// A few thousand rows fit in memory: only without these ways does a plan show that there is an index in the right order.
const settings = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort']

describeOnServer('plans', (database) => {
  beforeAll(async () => {
    const searched = planFillings(0.004, 0.0002).filter(({ table }) => table !== 'insured_persons')
    await fillTables(database(), searched, () => {})
  })

  it.each(watchedQueries)('$job: $query reads by $indexes', async (watched) => {
    const nodes = (await explain(database(), watched, { settings })).flatMap(({ Plan }) => nodesOf(Plan))
    expect(nodes.map((node) => node['Index Name'])).toEqual(expect.arrayContaining(watched.indexes))
    expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
  })

  it('shows it when an index is missing', async () => {
    const [watched] = watchedQueries.filter(({ query }) => query === 'one_time_codes')
    if (!watched) throw new Error('no such query')
    await database().raw('alter index one_time_codes_issued_at rename to renamed')
    const nodes = (await explain(database(), watched, { settings })).flatMap(({ Plan }) => nodesOf(Plan))
    expect(nodes.map((node) => node['Index Name'])).not.toContain('one_time_codes_issued_at')
  })
})
