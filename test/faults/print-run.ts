import { spawn } from 'node:child_process'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextCutOff } from '../../src/domain/letters/posting-days.ts'
import type { Database } from '../../src/stores/database/database.ts'
import { bare } from '../support/machine/child.ts'
import { erika } from '../support/members.ts'
import { createServiceWorld } from '../support/services.ts'
import { createProtection } from '../support/stores/protection.ts'

const script = join(import.meta.dirname, 'print-desk-process.ts')
const morning = '2026-11-24T09:00:00Z'

/** What is left after the last process: every number has to be that of the letters, or none. */
export type PrintRunRemains = {
  killed: number
  letters: number
  posted: number
  mails: number
  accountsTold: number
  runsOfLetters: number
  postedRuns: number
  openRuns: number
  plainCodes: number
  chunks: number
  filesOfCodes: string[]
  codes: number
}

/**
 * Prepares, prints, releases, hands over and posts letters by processes of which `kills` are killed (SIGKILL) at random points;
 * then others go on undisturbed. When all letters are posted, as many are asked for anew. `longest`: milliseconds after its start at which a process is killed at the latest.
 */
export async function killPrintDesk(
  db: Database,
  { letters, kills, longest }: { letters: number; kills: number; longest: number },
): Promise<PrintRunRemains> {
  const key = randomBytes(32)
  const protection = createProtection({ kid: 'test', secret: key })
  const world = createServiceWorld(db, morning, protection)
  const folder = mkdtempSync(join(tmpdir(), 'print-desk-'))
  const url = new URL(process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres')
  url.pathname = `/${(await db.raw('select current_database() as name')).rows[0].name}`
  try {
    await world.empty()
    await world.printRuns.jobs.prepareDue()
    let total = 0
    while (total < letters) await addLetter(world, total++)
    let killed = 0
    let instant = new Date(morning)
    const { rules } = world.createDesk()
    /** One process, three minutes after the last: the lease of that one is over. When no run is open, at the next cut-off. */
    const turn = async (killAfter?: number) => {
      instant = (await isRunOpen(db)) ? new Date(instant.getTime() + 180_000) : nextCutOff(instant, rules)
      return await runProcess([url.href, key.toString('base64'), instant.toISOString(), folder], killAfter)
    }
    while (killed < kills) {
      if (await turn(randomInt(longest))) killed++
      if (killed < kills && (await isDone(db))) for (let n = 0; n < letters; n++) await addLetter(world, total++)
    }
    for (let last = 0; last < 10 && !(await isDone(db)); last++) await turn()
    await turn()
    return { killed, letters: total, ...(await count(db)), filesOfCodes: filesOfCodes(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every second number is known to the register. */
async function addLetter(world: ReturnType<typeof createServiceWorld>, n: number): Promise<void> {
  const insuranceNumber = `A${String(n).padStart(9, '0')}`
  if (n % 2 === 0) await world.importPersons({ ...erika, insuranceNumber })
  await world.activated({ insuranceNumber, username: `member.${randomUUID().slice(0, 12)}` })
}

/** Runs one process; answers whether it was killed before it had ended by itself. */
function runProcess(given: string[], killAfter?: number): Promise<boolean> {
  const child = spawn(process.execPath, [script, ...given], { env: bare, stdio: ['ignore', 'pipe', 'inherit'] })
  let timer: NodeJS.Timeout | undefined
  child.stdout.once('data', () => {
    if (killAfter !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), killAfter)
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (code !== 0 && signal === null) reject(new Error(`a process of the print desk ended with ${code}`))
      else resolve(signal === 'SIGKILL')
    })
  })
}

async function isRunOpen(db: Database): Promise<boolean> {
  const closed = db('print_runs').whereIn('state', ['collecting', 'prepared', 'released']).whereNotNull('closed_at')
  return (await closed.first('id')) !== undefined
}

async function isDone(db: Database): Promise<boolean> {
  const open = db('unlock_letters').whereIn('state', ['requested', 'prepared']).orWhere('untold', true)
  return (await open.first('id')) === undefined
}

async function count(db: Database) {
  const number = async (sql: string) => Number((await db.raw(sql)).rows[0].n)
  return {
    posted: await number("select count(*) n from unlock_letters where state = 'posted' and not untold"),
    mails: await number('select count(*) n from messages'),
    accountsTold: await number("select count(distinct account_id) n from audit_events where type = 'letter_posted'"),
    runsOfLetters: await number('select count(distinct print_run_id) n from unlock_letters'),
    postedRuns: await number("select count(*) n from audit_events where type = 'print_run_posted'"),
    openRuns: await number(
      "select count(*) n from print_runs where state in ('prepared', 'released') or closed_at is not null and state = 'collecting'",
    ),
    plainCodes: await number('select count(*) n from unlock_letters where code is not null'),
    chunks: await number('select count(*) n from print_run_chunks'),
    codes: await number('select count(distinct code_hash) n from unlock_letters'),
  }
}

const filesOfCodes = (folder: string) => readdirSync(folder).filter((name) => /\.(pdf|part)$/.test(name))
