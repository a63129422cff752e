import { openDatabase } from '../../src/stores/database/database.ts'
import { migrate } from '../../src/stores/database/migrations.ts'
import { type Explained, explain, nodesOf, watchedQueries } from '../support/stores/plans.ts'
import { fillTables, planFillings, unlog } from './scale-data.ts'

/**
 * `npm run bench:scale -- <factor> [factor of the events]`: fills the database that SCALE_DATABASE_URL names (empty, to be
 * thrown away; one that is filled is taken as it is) and tells how each watched statement runs in it. 1 is the full size.
 */
async function main(factor = 0.01, eventFactor = factor): Promise<void> {
  const url = process.env.SCALE_DATABASE_URL
  if (!url) throw new Error('SCALE_DATABASE_URL must name an empty database; it is filled with made-up rows.')
  const database = await openDatabase({ url, poolSize: 4 })
  const { knex } = database
  try {
    if (!(await knex.schema.hasTable('accounts'))) {
      await migrate(knex)
      await unlog(knex)
      await fillTables(knex, planFillings(factor, eventFactor), console.log)
    }
    await migrate(knex)
    console.log('| job | query | plan | rows | ms |\n|---|---|---|---|---|')
    for (const watched of watchedQueries)
      for (const plan of await explain(knex, watched, { analyze: true }))
        console.log(`| ${watched.job} | ${watched.query} | ${describe(plan)} |`)
  } finally {
    await database.close()
  }
}

/** Which tables are read, and how; most rows that one of them gave; milliseconds. */
function describe({ Plan, ...explained }: Explained): string {
  const nodes = nodesOf(Plan)
  // A bitmap scan is told by the index below it.
  const reads = nodes.filter(
    (node) => node['Index Name'] ?? (node['Relation Name'] && !/^(Bitmap|Modify)/.test(node['Node Type'])),
  )
  const ways = reads.map((node) => `${node['Node Type']} ${node['Index Name'] ?? node['Relation Name']}`)
  const sorts = nodes.filter((node) => node['Node Type'] === 'Sort').map((node) => `Sort of ${node['Actual Rows']}`)
  const rows = Math.max(0, ...reads.map((node) => (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1)))
  return `${[...new Set([...ways, ...sorts])].join(', ')} | ${rows} | ${explained['Execution Time']?.toFixed(1)}`
}

await main(...process.argv.slice(2).map(Number))
