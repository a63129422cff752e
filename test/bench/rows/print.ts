import { join } from 'node:path'
import { drawBarePages } from '../print-run.ts'
import { startSmsSink } from '../sms-gateway.ts'
import { applicationVariables, liftLimits, startApplication } from '../subjects/application.ts'
import { runCommand } from '../subjects/command.ts'
import { importPersons, registerMembers } from '../subjects/members.ts'
import type { Subject } from '../subjects/revision.ts'
import { createStorage, onServer, temporaryFolder } from '../subjects/storage.ts'
import { type Bench, type Figure, inTurns, less, more, type Row } from './row.ts'

/** A print run by the command line, at a size that takes seconds; `bench:print` takes any. */
export const printRow: Row = {
  name: 'print',
  about: 'letters put into a print run by the command line, against bare pdfkit pages',
  needsServers: true,
  async measure(bench: Bench): Promise<Figure[][]> {
    const results = await inTurns(1, bench.subjects, (subject, _turn) =>
      measurePrintRun(subject, bench.subjects.indexOf(subject) + 4, bench),
    )
    const begun = performance.now()
    await drawBarePages(bench.letters)
    const floor = bench.letters / ((performance.now() - begun) / 1000)
    return results.map(([run]) => {
      const rate = bench.letters / (run?.seconds ?? Number.NaN)
      return [
        more('letters', rate, 'per second'),
        more('share of bare pdfkit pages', rate / floor, `of ${floor.toFixed(0)} per second`),
        less('memory at its highest', run?.megabytes ?? Number.NaN, 'MB'),
      ]
    })
  },
}

async function measurePrintRun(subject: Subject, index: number, { letters, cores, cleanUps }: Bench) {
  const storage = await createStorage(cleanUps, { index })
  const sms = await startSmsSink()
  cleanUps.add(sms.close)
  const variables = {
    ...applicationVariables(storage.variables, cores, sms),
    CONFIG_DIR: await liftLimits(subject, cleanUps),
    LOG_LEVEL: 'silent',
    LETTER_DRIVER: 'spool',
    LETTER_SPOOL_DIR: join(await temporaryFolder(cleanUps), 'spool'),
  }
  await runCommand(subject, variables, 'db:migrate')
  await importPersons({ subject, variables, cleanUps }, letters)
  const app = await startApplication(subject, variables)
  const stop = cleanUps.add(app.stop)
  // Development prints by itself within seconds; here the letters have to wait for the command.
  const db = storage.servers?.postgres
  await onServer(
    `create function refuse_runs() returns trigger language plpgsql as $$ begin raise 'not now'; end $$`,
    db,
  )
  await onServer('create trigger refuse_runs before insert on print_runs execute function refuse_runs()', db)
  await registerMembers({ subject, app, variables, sms, cleanUps }, letters)
  await stop()
  await onServer('drop trigger refuse_runs on print_runs', db)
  // What a command takes before it does anything.
  const idle = await runCommand(subject, variables, 'print-runs:list')
  const run = await runCommand(subject, { ...variables, OPERATOR: 'bench' }, 'print-runs:prepare')
  if (!run.report.runId) throw new Error('no run was made')
  return { seconds: run.seconds - idle.seconds, megabytes: run.megabytes }
}
