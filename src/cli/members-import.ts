import { createAuditTrail } from '../audit/events.ts'
import { createMemberImport, createRegisterFollower, type ImportReport } from '../services/members.ts'
import { createStandingService } from '../services/standing.ts'
import { createTransaction } from '../stores/transaction.ts'
import { type CliContext, withContext } from './context.ts'
import type { CliCommand } from './frame.ts'
import { createProgress } from './progress.ts'

/** Imports the membership register from the insurer's core system (mission.md, "Membership register"). */
export const membersImport: CliCommand = {
  name: 'members:import',
  description: 'import members from a CSV file; exit code 1 when lines were refused',
  define: (command) =>
    command
      .argument('<file.csv>', 'UTF-8, heading first, ; or , between fields (config/demo/insured-persons.csv shows it)')
      .option('--dry-run', 'check and count only, write nothing')
      .option('--skip-bad', 'import the good lines of a file that has refused ones'),
  run: ([file = ''], options, io) =>
    withContext(io, async (context) => {
      const progress = createProgress(io)
      const onChanged = createRegisterFollower(createStandingService({ deadlines: context.config.deadlines }))
      const members = createMemberImport({ transaction: openTransactions(context), onChanged })
      try {
        const report = await members.importFile(file, {
          now: context.clock.now(),
          dryRun: options.dryRun === true,
          skipBad: options.skipBad === true,
          onProgress: ({ bytes, totalBytes, lines }) => progress.show(bytes / totalBytes, `${lines} lines`),
        })
        return { exitCode: report.refused > 0 ? 1 : 0, text: describeImport(report), json: report }
      } finally {
        progress.end()
      }
    }),
}

function openTransactions({ database, protection }: CliContext) {
  return createTransaction({
    knex: database,
    protection,
    createAudit: ({ auditEvents }) => createAuditTrail(auditEvents.append),
    enqueue: () => Promise.reject(new Error('an import sends no messages')),
    wake: () => {},
  })
}

function describeImport(report: ImportReport): string {
  const { outcome, added, changed, unchanged, lines, refused, refusals } = report
  const listed = refusals.map(({ line, field, reason }) => `Line ${line}: ${field ?? 'line'} ${reason}`)
  const last = refusals.at(-1)
  if (last && refused > new Set(refusals.map(({ line }) => line)).size)
    listed.push(`… and more after line ${last.line}`)
  const counts = `${added} added, ${changed} changed, ${unchanged} unchanged, ${refused} refused of ${lines} lines.`
  const sentence = {
    imported: `Imported: ${counts}`,
    dry_run: `Dry run, nothing was written: ${counts}`,
    refused: `Nothing was imported: ${refused} of ${lines} lines are refused. Mend them, or use --skip-bad.`,
  }[outcome]
  return [...listed, sentence].join('\n')
}
