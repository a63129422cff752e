import { availableParallelism } from 'node:os'
import { type Config, loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { createSignInWork } from './rows/sign-in.ts'
import { fillTables, planFillings } from './scale-data.ts'
import { type SmsSink, startSmsSink } from './sms-gateway.ts'
import { type Measured, measure, merge } from './statistics.ts'
import { type Application, applicationVariables, liftLimits, startApplication } from './subjects/application.ts'
import { createCleanUps } from './subjects/clean-ups.ts'
import { createMembers, type Member } from './subjects/members.ts'
import { thisTree } from './subjects/revision.ts'
import { createStorage } from './subjects/storage.ts'

/**
 * `npm run bench:growth -- [accounts …]`: how later sign-ins stand when the tables grow (default 1,000 and 100,000 accounts; give 2000000 for the
 * full size), and two web processes against one. Few people sign in at once, so that times are of the work and not of a queue.
 * Sizes are filled up in one database: what is compared runs minutes apart on the same machine.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 15)
const cores = availableParallelism()

const subject = { name: 'this tree', root: thisTree }

async function main(sizes: number[]): Promise<void> {
  const cleanUps = createCleanUps()
  try {
    const storage = await createStorage(cleanUps)
    const sms = await startSmsSink()
    cleanUps.add(sms.close)
    const configDir = { CONFIG_DIR: await liftLimits(subject, cleanUps) }
    const place: Place = {
      sms,
      variables: (processes) => ({ ...applicationVariables(storage.variables, processes, sms), ...configDir }),
    }
    const config = loadConfig(place.variables(1))
    const members = await runJobsOnce(config, place, async (app) => {
      const variables = place.variables(1)
      return await createMembers({ subject, app, variables, sms, cleanUps }, 40)
    })
    const results: { accounts: number; measured: Measured }[] = []
    for (const accounts of sizes) {
      await grow(config, accounts)
      const measured = await signIns(place, members, { processes: 1, lanes: 2 })
      results.push({ accounts, measured })
      const first = results[0]?.measured ?? measured
      tell(`${accounts} accounts`, measured, measured.p95 / first.p95)
    }
    const one = await signIns(place, members, { processes: 1, lanes: cores * 4 })
    const two = await signIns(place, members, { processes: 2, lanes: cores * 4 })
    console.log(
      `1 process: ${one.rate.toFixed(1)} per second; 2: ${two.rate.toFixed(1)}, ratio ${(two.rate / one.rate).toFixed(2)}`,
    )
  } finally {
    await cleanUps.run()
  }
}

type Place = { sms: SmsSink; variables(processes: number): NodeJS.ProcessEnv }

/** Lets the jobs of the night run first: what is overdue at a start would be in the way of what is measured. */
async function runJobsOnce<T>(config: Config, place: Place, work: (app: Application) => Promise<T>): Promise<T> {
  const app = await startApplication(subject, place.variables(1))
  const database = await openDatabase({ url: config.database.url ?? '', poolSize: 1 })
  try {
    const result = await work(app)
    const nightly = ['coverage', 'daily-statistics', 'never-signed-in', 'not-activated', 'audit-retention']
    for (let turn = 0; turn < 300; turn++) {
      const done = await database.knex('job_runs').whereIn('name', nightly).whereNotNull('covered_until').pluck('name')
      if (done.length === nightly.length) return result
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    throw new Error('the jobs of the night did not run within two and a half minutes')
  } finally {
    await database.close()
    await app.stop()
  }
}

/** Fills accounts, letters, browsers, persons and a tenth of the events up to what so many accounts have; the members who sign in stay. */
async function grow(config: Config, accounts: number): Promise<void> {
  const url = config.database.url ?? ''
  const { encryptionKeys, hashKeys } = config.secrets
  const kids = { encryption: encryptionKeys[0].kid, hash: hashKeys[0].kid }
  const database = await openDatabase({ url, poolSize: 2 }, { patient: true })
  const share = accounts / 2_000_000
  const madeUp: Record<string, string> = {
    audit_events: "type = 'signIn.completed'",
    known_browsers: "account_id::text like '00000000-%'",
    unlock_letters: "id::text like '00000000-%'",
    accounts: "id::text like '00000000-%'",
    insured_persons: "id::text like '00000000-%'",
  }
  try {
    for (const [table, condition] of Object.entries(madeUp))
      await database.knex.raw(`delete from ${table} where ${condition}`)
    // Beyond whatever the service has sealed so far.
    const firstPosition = Date.now() * 1000
    const fillings = planFillings(share, share / 10, firstPosition).filter(({ table }) => madeUp[table])
    // A letter that waits would be printed, and nobody can read made-up ones.
    for (const { table, columns } of fillings)
      if (table === 'unlock_letters') columns.state = columns.state?.replace("'requested'", "'ended'") ?? ''
    await fillTables(database.knex, fillings, () => {}, kids)
    await database.knex.raw('analyze')
  } finally {
    await database.close()
  }
}

async function signIns(
  { sms, variables }: Place,
  members: Member[],
  { processes, lanes }: { processes: number; lanes: number },
): Promise<Measured> {
  const app = await startApplication(subject, variables(processes))
  const work = createSignInWork({ app, members, sms }, lanes)
  const turn = (warmUpSeconds: number) => measure({ lanes, warmUpSeconds, seconds: seconds / 2 }, work)
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
