import { spawn } from 'node:child_process'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/stores/database.ts'
import { erika } from '../support/members.ts'
import { createProtection } from '../support/protection.ts'
import { createServiceWorld } from '../support/services.ts'

const script = join(import.meta.dirname, 'print-desk-process.ts')
const cutOff = new Date('2026-11-24T13:00:00Z')

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
 * Prepares, prints, releases, hands over and posts letters by processes that are killed (SIGKILL) at random points, until the
 * time is over; then one goes on undisturbed. `longest`: milliseconds after its start at which a process is killed at the latest.
 */
export async function killPrintDesk(
  db: Database,
  { letters, seconds, longest }: { letters: number; seconds: number; longest: number },
): Promise<PrintRunRemains> {
  const key = randomBytes(32)
  const protection = createProtection({ kid: 'test', secret: key })
  const world = createServiceWorld(db, '2026-11-24T09:00:00Z', protection)
  const folder = mkdtempSync(join(tmpdir(), 'print-desk-'))
  const url = new URL(process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres')
  url.pathname = `/${(await db.raw('select current_database() as name')).rows[0].name}`
  try {
    await world.empty()
    await world.printRuns.jobs.prepareDue()
    for (let n = 0; n < letters; n++) await addLetter(world, n)
    let turn = 0
    let killed = 0
    // Each turn is three minutes later: the lease of the one before is over.
    const next = () => new Date(cutOff.getTime() + turn++ * 180_000).toISOString()
    const end = performance.now() + seconds * 1000
    while (performance.now() < end)
      if (await runProcess([url.href, key.toString('base64'), next(), folder], randomInt(longest))) killed++
    for (let last = 0; last < 2; last++) await runProcess([url.href, key.toString('base64'), next(), folder])
    return { killed, letters, ...(await count(db)), filesOfCodes: filesOfCodes(folder) }
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
  const child = spawn(process.execPath, [script, ...given], { stdio: ['ignore', 'pipe', 'inherit'] })
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
