import { berlinDay } from '../../domain/calendar.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { ahead } from '../ahead.ts'
import { createLineSet, type LineSet } from './line-set.ts'
import { type MemberColumn, type MemberLine, readMemberFile } from './member-file.ts'
import {
  batchesAhead,
  batchSize,
  hold,
  holdWhile,
  type ImportJob,
  type ImportReport,
  namesEverybody,
  type RefusedLine,
  refuseChangedFile,
} from './member-import-job.ts'

import { parseMemberRecord, type RecordRules } from './member-record.ts'
import type { NumberedPerson } from './person-sealing.ts'
import { createSeenNumbers } from './seen-numbers.ts'

const listedRefusals = 1000

/** Refuses a file as a whole. */
export const refusal = (cause: NonNullable<ImportReport['cause']>) => ({ outcome: 'refused', cause }) as const

/**
 * Reads the whole file and notes keyed hashes of it only. Finds what is wrong with it, into the report, and gives the lines of
 * those who are new or may have changed. @throws MemberFileFault
 */
export async function judge(job: ImportJob): Promise<LineSet> {
  const { options, report, transaction, sealing } = job
  const toApply = createLineSet()
  if (options.beside) for await (const batch of readGoodLines(job)) for (const { line } of batch) toApply.add(line)
  else
    for await (const lines of ahead(readGoodLines(job), batchesAhead, sealing.stage))
      await transaction(async ({ memberImports }) => {
        await hold(job, memberImports)
        await memberImports.note(lines)
      })
  await refuseChangedFile(job)
  Object.assign(report, await findCause(job))
  if (report.outcome === 'refused' || options.beside) return toApply
  const visit = (lines: number[]) => {
    for (const line of lines) toApply.add(line)
  }
  const { memberImports } = job.stores
  await holdWhile(job, () => memberImports.findLinesToApply(report.lines - report.refused, visit))
  return toApply
}

async function findCause(job: ImportJob): Promise<Partial<ImportReport>> {
  const { options, report, stores } = job
  if (report.refused > 0 && !options.skipBad) return refusal('lines')
  if (options.expectRows !== undefined && options.expectRows !== report.lines) return refusal('row_count')
  if (!namesEverybody(job)) return {}
  const today = berlinDay(options.now)
  const { covered, left } = await holdWhile(job, () => stores.memberImports.noteLeavers(today, report.lines))
  const tooMany = left > Math.max(covered * job.suspiciousShare, options.acceptLeft ?? 0)
  return tooMany ? { ...refusal('too_many_left'), covered, left } : {}
}

/** Reads persons in batches; refused lines go into the report. */
async function* readGoodLines(job: ImportJob) {
  const { path, options, totalBytes, report } = job
  const rules = { today: berlinDay(options.now), toPrintable: job.toPrintable }
  const seen = createSeenNumbers()
  let batch: NumberedPerson[] = []
  for await (const member of readMemberFile(path)) {
    report.lines++
    const result = readPerson(member, rules, seen, options.onlyNumbers)
    if ('person' in result) {
      batch.push({ line: member.line, person: result.person })
      noteReplaced(report, member.line, result.replaced)
    } else {
      report.refused++
      if (report.refusals.length < listedRefusals) report.refusals.push(...result.refusals)
    }
    if (batch.length < batchSize) continue
    yield batch
    batch = []
    options.onProgress?.({ bytes: member.bytes, totalBytes, lines: report.lines })
  }
  if (batch.length > 0) yield batch
  options.onProgress?.({ bytes: totalBytes / 2, totalBytes, lines: report.lines })
}

function noteReplaced(report: ImportReport, line: number, fields: readonly MemberColumn[]): void {
  if (fields.length > 0) report.replaced++
  if (report.replacements.length < listedRefusals)
    report.replacements.push(...fields.map((field) => ({ line, field, reason: 'printed_in_another_form' })))
}

function readPerson(
  member: MemberLine,
  rules: RecordRules,
  seen: ReturnType<typeof createSeenNumbers>,
  only: ReadonlySet<string> | undefined,
): { person: InsuredPerson; replaced: MemberColumn[] } | { refusals: RefusedLine[] } {
  const { line } = member
  if ('unreadable' in member) return { refusals: [{ line, field: null, reason: member.unreadable }] }
  const record = parseMemberRecord(member.values, rules)
  if ('refusals' in record) return { refusals: record.refusals.map((refused) => ({ line, ...refused })) }
  if (only && !only.has(record.person.insuranceNumber))
    return { refusals: [{ line, field: 'insurance_number', reason: 'not_a_demo_person' }] }
  const before = seen.note(record.person.insuranceNumber, line)
  return before ? { refusals: [{ line, field: 'insurance_number', reason: `already_on_line_${before}` }] } : record
}
