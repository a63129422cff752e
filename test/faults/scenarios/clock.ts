import { createClient, ownAddress } from '../../support/client.ts'
import { freshNumbers } from '../../support/register.ts'
import { until } from '../../support/servers/processes.ts'
import { begin, enterPassword, somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { createWay, insistOn } from '../parts/member.ts'
import { createReport, findFaults, type Report } from '../parts/report.ts'

/** Jobs that look at days. */
const dailyJobs = ['activation-reminders', 'not-activated', 'code-reminders', 'never-signed-in', 'clean-up']

/** The log keeps its own times, which its chain covers; the register holds days that no clock of ours has made. */
const unmoved = ['audit_events', 'insured_persons', 'knex_migrations', 'knex_migrations_lock', 'daily_statistics']

/**
 * The clock jumps by a day, forward and back, while a member is in the middle of a sign-in and another waits for his letter. Processes
 * run by the clock of the machine, which a test cannot move: so every instant in the database moves the other way, which is the same to them.
 */
export async function clock(print: (line: string) => void = () => {}): Promise<Report> {
  const report = createReport('clock', print)
  const world = await startInstallation()
  try {
    const numbers = freshNumbers(2)
    await world.operators.importMembers(numbers)
    const [active, waiting] = numbers.map((number) => somebody(number))
    if (!active || !waiting) throw new Error('two members are needed')
    const steps = createWay(world, active)
    for (const step of steps.slice(0, 4)) await insistOn(world, active, step, 90)
    const others = createWay(world, waiting)
    for (const step of others.slice(0, 2)) await insistOn(world, waiting, step, 90)
    for (const days of [1, -1])
      await report.round(`the clock jumps by ${days} day`, async () => {
        const open = createClient(ownAddress())
        await begin(open, world.app)
        await jump(world, days)
        const { status } = await enterPassword(open, active)
        const faults = status < 500 ? [] : [`a sign-in under way was answered with ${status}`]
        for (const job of dailyJobs) {
          const outcome = await runNow(world, job)
          if (outcome !== 'done') faults.push(`${job} ends ${outcome}`)
        }
        if (steps[4]) await insistOn(world, active, steps[4], 90)
        return [...faults, ...(await findFaults(world))]
      })
    await report.round('who waited for his letter goes on', async () => {
      for (const step of others.slice(2)) await insistOn(world, waiting, step, 90)
      return await findFaults(world)
    })
    return report.end()
  } finally {
    await world.close()
  }
}

/** A process may be running the job by its schedule just now: whoever comes later waits. */
async function runNow({ operators }: Installation, job: string): Promise<unknown> {
  let outcome: unknown
  await until(`${job} is free`, async () => {
    outcome = (await operators.command('jobs:run', job)).outcome
    return outcome !== 'busy'
  })
  return outcome
}

async function jump({ inspection }: Installation, days: number): Promise<void> {
  const columns = await inspection.rows(
    `select table_name, column_name from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
       and data_type in ('timestamp with time zone', 'date') and not table_name = any(?)`,
    [unmoved],
  )
  const tables = Map.groupBy(columns as { table_name: string; column_name: string }[], (row) => row.table_name)
  const quote = (name: string) => `"${name}"`
  for (const [table, rows] of tables) {
    const moves = rows.map(({ column_name: name }) => `${quote(name)} = ${quote(name)} - interval '${days} days'`)
    await inspection.rows(`update ${quote(table)} set ${moves.join(', ')}`)
  }
}
