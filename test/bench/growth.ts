import { availableParallelism } from 'node:os'
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { applicationVariables, createSignInLoad, startApplication } from './application.ts'
import { createMembers, type Member } from './members.ts'
import { fillTables, planFillings } from './scale-data.ts'
import { type SmsSink, startSmsSink } from './sms-gateway.ts'
import { type Measured, merge } from './statistics.ts'
import { createStorage } from './storage.ts'

/**
 * `npm run bench:growth -- [accounts …]`: how later sign-ins stand when the tables grow (default 1,000 and 100,000 accounts; give 2000000 for the
 * full size), and two web processes against one. Few people sign in at once, so that times are of the work and not of a queue.
 * Sizes are filled up in one database: what is compared runs minutes apart on the same machine.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 15)
const cores = availableParallelism()

async function main(sizes: number[]): Promise<void> {
  const storage = await createStorage()
  if (storage.name === 'embedded') throw new Error('This benchmark needs PostgreSQL and Redis.')
  const sms = await startSmsSink()
  try {
    const members = await createMembers(loadConfig(applicationVariables(storage.variables, 1, sms)), 600)
    const results: { accounts: number; measured: Measured }[] = []
    for (const accounts of sizes) {
      await grow(String(storage.variables.DATABASE_URL), accounts)
      const measured = await signIns(storage.variables, members, sms, { processes: 1, lanes: 2 })
      results.push({ accounts, measured })
      const first = results[0]?.measured ?? measured
      tell(`${accounts} accounts`, measured, measured.p95 / first.p95)
    }
    const one = await signIns(storage.variables, members, sms, { processes: 1, lanes: cores * 4 })
    const two = await signIns(storage.variables, members, sms, { processes: 2, lanes: cores * 4 })
    console.log(
      `1 process: ${one.rate.toFixed(1)} per second; 2: ${two.rate.toFixed(1)}, ratio ${(two.rate / one.rate).toFixed(2)}`,
    )
  } finally {
    await sms.close()
    await storage.drop()
  }
}

/** Fills accounts, letters, devices and events up to what so many accounts have; the members who sign in stay. */
async function grow(url: string, accounts: number): Promise<void> {
  const database = await openDatabase({ url, poolSize: 2 }, { patient: true })
  const tables = ['accounts', 'unlock_letters', 'known_devices', 'audit_events', 'insured_persons']
  try {
    const fillings = planFillings(accounts / 2_000_000).filter(({ table }) => tables.includes(table))
    for (const { table } of fillings) {
      const made =
        table === 'audit_events'
          ? "type = 'made_up'"
          : table === 'known_devices'
            ? "account_id::text like '00000000-%'"
            : "id::text like '00000000-%'"
      if (table !== 'audit_events') await database.knex.raw(`delete from ${table} where ${made}`)
    }
    await fillTables(database.knex, fillings, () => {})
    await database.knex.raw('analyze')
  } finally {
    await database.close()
  }
}

async function signIns(
  variables: Record<string, string>,
  members: Member[],
  sms: SmsSink,
  { processes, lanes }: { processes: number; lanes: number },
): Promise<Measured> {
  const app = await startApplication(applicationVariables(variables, processes, sms))
  const turn = createSignInLoad(app, members, sms, { lanes, seconds: seconds / 2 })
  try {
    return merge([await turn(4), await turn(1)])
  } finally {
    await app.stop()
  }
}

function tell(name: string, { rate, p50, p95, failed }: Measured, ratio: number): void {
  console.log(
    `${name}: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, ratio ${ratio.toFixed(2)}; ${rate.toFixed(1)} per second, ${failed} failed`,
  )
}

const given = process.argv.slice(2).map(Number)
await main(given.length > 0 ? given : [1_000, 100_000])
process.exit()
