import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PDFDocument from 'pdfkit'
import { createLetterPdf, parseLetterTexts } from '../../src/gateways/letters/letter-pdf.ts'
import { createLetterSpool } from '../../src/gateways/letters/letter-spool.ts'
import { loadFonts } from '../../src/gateways/letters/pdf/pen.ts'
import { createPrintRunService } from '../../src/services/letters/print-runs.ts'
import { type Database, openDatabase } from '../../src/stores/database/database.ts'
import { migrate } from '../../src/stores/database/migrations.ts'
import { erika, newAccount } from '../support/members.ts'
import { createServiceWorld } from '../support/services.ts'
import { onServer, postgresUrl } from './subjects/storage.ts'

const day = '2026-11-24'

/**
 * Makes a run of so many letters from the cut-off to the post on a database of its own, against bare pdfkit pages of as many
 * letters; memory is that of this process at its highest.
 */
export async function measurePrintRun(letters: number) {
  const name = `bench_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}`)
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
  const database = await openDatabase({ url, poolSize: 4 })
  const folder = mkdtempSync(join(tmpdir(), 'print-bench-'))
  try {
    await migrate(database.knex)
    return await measure(database.knex, folder, letters)
  } finally {
    await database.close()
    await onServer(`drop database ${name} with (force)`)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(db: Database, folder: string, letters: number) {
  const world = createServiceWorld(db, `${day}T09:00:00Z`)
  await fill(world, letters)
  const help = { phone: '0800 2 767676', phoneNote: 'kostenfrei', email: 'info@example.org', branchText: 'vor Ort' }
  const insurer = { name: 'AOK Bayern', shortName: 'AOK Bayern', senderLine: 'AOK Bayern · 80000 München', help }
  const texts = parseLetterTexts(readFileSync(new URL('../../config/letters/de.yaml', import.meta.url), 'utf8'))
  const { drawRun } = createLetterPdf({ insurer, texts })
  const desk = createPrintRunService(world.createDesk({ drawRun, delivery: createLetterSpool(folder) }))
  const idle = process.memoryUsage().rss
  let peak = idle
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 50)
  const [runId, prepare, prepareCpu] = await timed(() => desk.prepare(day))
  if (!runId) throw new Error('no run was made')
  const [, release] = await timed(() => desk.release(runId))
  const bytes = statSync(join(folder, `${runId}.pdf`)).size
  const [outcome, post] = await timed(() => desk.post(runId))
  clearInterval(watch)
  if (outcome !== 'posted') throw new Error(`the run was not posted: ${outcome}`)
  const [, floor, floorCpu] = await timed(() => drawBarePages(letters))
  const total = prepare + release + post
  const megabytes = (count: number) => Math.round(count / 1e6)
  return {
    letters,
    seconds: { prepare, release, post, total },
    lettersPerSecond: letters / total,
    floor: { lettersPerSecond: letters / floor, ratioOfPrepare: floor / prepare, ratioOfCpu: floorCpu / prepareCpu },
    megabytes: { idle: megabytes(idle), peak: megabytes(peak), pdf: megabytes(bytes) },
  }
}

/** Seconds by the clock, and of processor time in this process: a machine that is busy elsewhere changes the first only. */
async function timed<T>(work: () => Promise<T>): Promise<[T, seconds: number, cpu: number]> {
  const [start, before] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return [result, (performance.now() - start) / 1000, (user + system) / 1e6]
}

/** Persons, registrations and letters, written as the stores write them. */
async function fill(world: ReturnType<typeof createServiceWorld>, letters: number): Promise<void> {
  const number = (n: number) => `A${String(n).padStart(9, '0')}`
  const persons = Array.from({ length: letters }, (_, n) => ({ ...erika, insuranceNumber: number(n) }))
  await world.importPersons(...persons)
  for (let n = 0; n < letters; n += 250)
    await world.transaction(async (unit) => {
      for (let m = n; m < Math.min(n + 250, letters); m++) {
        const account = newAccount({ insuranceNumber: number(m), username: `member.${m}` })
        await unit.accounts.create(account)
        await unit.accounts.activateRegistration(account.id, world.clock.now())
        const stored = await unit.accounts.find(account.id)
        await unit.letters.request({
          id: randomUUID(),
          accountId: account.id,
          insuranceNumberHash: stored?.insuranceNumberHash ?? '',
          requestedAt: world.clock.now(),
          printableFrom: world.clock.now(),
        })
      }
    })
}

/** Pages with as much text as a letter has, by pdfkit alone. */
export function drawBarePages(letters: number): Promise<void> {
  const fonts = loadFonts()
  const doc = new PDFDocument({ size: 'A4', margin: 0, autoFirstPage: false })
  doc.registerFont('regular', fonts.regular)
  return new Promise((resolve) => {
    doc.on('data', () => {})
    doc.on('end', () => resolve())
    for (let n = 0; n < letters; n++) {
      doc.addPage().font('regular').fontSize(10)
      for (let line = 0; line < 40; line++)
        doc.text(`Zeile ${line} von Brief ${n}: Wissen, wie’s läuft. Einfach nah. Meine AOK.`, 70, 60 + line * 18, {
          lineBreak: false,
        })
      doc.addPage()
    }
    doc.end()
  })
}

/** `npm run bench:print -- 1000` */
if (import.meta.main) console.log(JSON.stringify(await measurePrintRun(Number(process.argv[2] ?? 1000))))
