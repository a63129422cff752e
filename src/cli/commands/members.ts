import { setFlagsFromString } from 'node:v8'
import { InvalidArgumentError } from 'commander'
import { demoMembersOf } from '../../config/files.ts'
import { readInsuranceNumbers } from '../../services/register/member-import.ts'
import type { ImportReport } from '../../services/register/member-import-job.ts'
import type { CliCommand } from '../frame.ts'
import { createProgress } from '../progress.ts'
import { withServices } from '../with-services.ts'

/** Imports the membership register from the insurer's core system (mission.md, "Membership register"). */
export const membersImport: CliCommand = {
  name: 'members:import',
  description: 'import members from a CSV file; exit code 1 when lines were refused',
  define: (command) =>
    command
      .argument('<file.csv>', 'UTF-8, heading first, ; or , between fields (config/demo/insured-persons.csv shows it)')
      .option('--dry-run', 'check and count only, write nothing')
      .option('--skip-bad', 'import the good lines of a file that has refused ones')
      .option('--full', 'the file names every member: the coverage of whoever is missing ends yesterday')
      .option(
        '--accept-left <count>',
        'with --full: so many may have left, although they are suspiciously many',
        readCount,
      )
      .option('--expect-rows <count>', 'refuse the file unless it has so many members', readCount)
      .addHelpText('after', columnHelp),
  run: ([file = ''], options, io) =>
    withServices(io, async ({ register }, { config, clock, beforeClosing }) => {
      keepHeapsSmall()
      const progress = createProgress(io)
      let returned = false
      beforeClosing(async () => {
        if (returned) return
        progress.end()
        io.err('Ended before it was done: import the same file again.\n')
        await register.memberImport.abandon()
      })
      try {
        const report = await register.memberImport.importFile(file, {
          now: clock.now(),
          onlyNumbers: config.sandbox ? await readInsuranceNumbers(demoMembersOf(config)) : undefined,
          dryRun: options.dryRun === true,
          skipBad: options.skipBad === true,
          full: options.full === true,
          acceptLeft: options.acceptLeft as number | undefined,
          expectRows: options.expectRows as number | undefined,
          onLeftOut: ({ row }) =>
            io.err(`Account ${row} cannot be opened and does not follow the register: see doctor.\n`),
          onProgress: ({ bytes, totalBytes, lines }) => progress.show(bytes / totalBytes, `${lines} lines`),
        })
        return {
          exitCode: report.refused > 0 || report.outcome === 'refused' ? 1 : 0,
          text: describeImport(report),
          json: report,
        }
      } finally {
        returned = true
        progress.end()
      }
    }),
}

/**
 * Lets V8 collect early, in every thread: an import makes so much garbage that its heaps would grow to more than twice what they need
 * (docs/decisions/0036).
 */
function keepHeapsSmall(): void {
  for (const flag of ['--heap-growing-percent=30', '--semi-space-growth-factor=1']) setFlagsFromString(flag)
}

function describeImport(report: ImportReport): string {
  const { outcome, added, changed, left, unchanged, lines, refused, refusals, replaced, replacements } = report
  const listed = [...replacements, ...refusals].map(
    ({ line, field, reason }) => `Line ${line}: ${field ?? 'line'} ${reason}`,
  )
  const last = refusals.at(-1)
  if (last && refused > new Set(refusals.map(({ line }) => line)).size)
    listed.push(`… and more after line ${last.line}`)
  if (replaced > 0)
    listed.push(`${replaced} lines hold letters that paper shows in another form; the register keeps them.`)
  const counts = `${added} added, ${changed} changed, ${left} left, ${unchanged} unchanged, ${refused} refused of ${lines} lines.`
  const sentence = {
    imported: `Imported: ${counts}`,
    dry_run: `Dry run, nothing was written: ${counts}`,
    refused: `Nothing was imported: ${describeCause(report)}`,
  }[outcome]
  return [...listed, sentence].join('\n')
}

function describeCause({ cause, lines, refused, left, covered, runsSince }: ImportReport): string {
  if (cause === 'running')
    return `another import runs since ${runsSince?.toISOString()}. One that has died keeps others out for a minute.`
  if (cause === 'row_count') return `the file has ${lines} members, not as many as --expect-rows says. Is it whole?`
  if (cause === 'too_many_left')
    return `${left} of ${covered} covered persons are missing. Is the file whole? If so: --accept-left ${left}.`
  return `${refused} of ${lines} lines are refused. Mend them, or use --skip-bad.`
}

function readCount(given: string): number {
  if (!/^\d{1,9}$/.test(given)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(given)
}

const columnHelp = `
The first line names the columns, in any order; the German names are understood as well:
  insurance_number (Versichertennummer)   insurer_number (Kassenummer)
  given_name (Vorname)                    family_name (Nachname): one of the two may be empty
  birth_date (Geburtsdatum): unknown parts are zeros or XX, or left out: 1964-08-00, XX.08.1964, 1964; 0000-00-00
  street (Strasse): may be empty abroad, or with an addition
  postal_code (PLZ): may be empty abroad
  city (Ort)                              country (Land): two letters (ISO 3166-1), empty and D mean DE, may be absent
  address_addition (Adresszusatz): may be empty or absent
  coverage_from (versichert_ab)           coverage_to (versichert_bis): may be empty
  guardian_consent_required (Einwilligungsvorbehalt): ja or nein (J/N, yes/no, true/false, wahr/falsch, 1/0), empty means nein
  deceased_on (verstorben_am): may be empty; of unknown parts, as with birth_date, the last possible day counts
  large_print (Grossdruck): ja or nein, empty means nein, may be absent
Days are YYYY-MM-DD, DD.MM.YYYY, YYYYMMDD or DDMMYYYY, also with midnight behind them; 9999-12-31, 0001-01-01 and 0000-00-00 mean none.
One member per line; a number stands in one line only.
Exit codes: 0 imported, 1 lines or the file refused, 2 wrong usage.`
