import { readFileSync } from 'node:fs'
import { berlinDay } from '../../src/domain/calendar.ts'
import { createLetterPdf, parseLetterTexts } from '../../src/gateways/letters/letter-pdf.ts'
import { createLetterSpool } from '../../src/gateways/letters/letter-spool.ts'
import { createPrintRunService } from '../../src/services/letters/print-runs.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { createServiceWorld } from '../support/services.ts'
import { createProtection } from '../support/stores/protection.ts'

/** One process of the print desk, with real PDF and real spool folder: `<database url> <key> <instant> <spool folder>`. */
const [url = '', key = '', instant = '', folder = ''] = process.argv.slice(2)
const database = await openDatabase({ url, poolSize: 4 })
const protection = createProtection({ kid: 'test', secret: Buffer.from(key, 'base64') })
const world = createServiceWorld(database.knex, instant, protection)
const help = { phone: '0800 2 767676', phoneNote: 'kostenfrei', email: 'info@example.org', branchText: 'vor Ort' }
const insurer = { name: 'AOK Bayern', shortName: 'AOK Bayern', senderLine: 'AOK Bayern · 80000 München', help }
const texts = parseLetterTexts(readFileSync(new URL('../../config/letters/de.yaml', import.meta.url), 'utf8'))
const { drawRun } = createLetterPdf({ insurer, texts })
const base = world.createDesk({ drawRun, delivery: createLetterSpool(folder) })
const desk = createPrintRunService({ ...base, rules: { ...base.rules, productionDays: 0, runSize: 25 } })
process.stdout.write('ready\n')
await desk.jobs.resume()
await desk.jobs.prepareDue()
for (const run of await desk.list(['prepared'])) await desk.release(run.id, 'cli:boss')
await desk.jobs.handOver()
for (const run of await desk.list(['released']))
  if (run.postingDay === berlinDay(world.clock.now())) await desk.post(run.id, 'cli:boss')
await desk.jobs.settle()
await database.close()
