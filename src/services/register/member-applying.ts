import { addDays, berlinDay } from '../../domain/calendar.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import { ahead } from '../ahead.ts'
import type { LineSet } from './line-set.ts'
import { readMemberFile } from './member-file.ts'
import {
  batchesAhead,
  batchSize,
  changedFile,
  hold,
  type ImportJob,
  namesEverybody,
  refuseChangedFile,
} from './member-import-job.ts'
import { parseMemberRecord } from './member-record.ts'

/** Ends a transaction without a trace. */
class TakenBack extends Error {}

/**
 * Applies the lines of a judged file batch by batch; each batch is a transaction, and doing it again changes nothing.
 * @throws MemberFileFault when the file is not the one that was judged
 */
export async function apply(job: ImportJob, toApply: LineSet): Promise<void> {
  const { options, report, sealing } = job
  const { now, actor = 'cli' } = options
  report.unchanged = report.lines - report.refused - toApply.size
  const seal = async (batch: InsuredPerson[]) => ({ batch, prepared: await sealing.prepare(batch, now) })
  const batches = toApply.size > 0 ? ahead(readAgain(job, toApply), batchesAhead, seal) : []
  for await (const { batch, prepared } of batches) {
    await inTransaction(job, async (unit) => {
      const { changedHashes, ...counts } = await unit.insuredPersons.upsertMany(batch, now, prepared)
      for (const key of ['added', 'changed', 'unchanged'] as const) report[key] += counts[key]
      if (changedHashes.length > 0) await job.onChanged(unit, changedHashes, now, options.onLeftOut)
    })
  }
  if (namesEverybody(job)) await endCoverages(job)
  const { added, changed, left, unchanged, refused } = report
  await inTransaction(job, (unit) =>
    unit.audit.insuredPersonsImported({ at: now, actor, added, changed, left, unchanged, refused }),
  )
}

/** Reads some lines of the file in batches, none of which holds anything that was written after the judgement. */
async function* readAgain(job: ImportJob, wanted: LineSet): AsyncGenerator<InsuredPerson[]> {
  const { path, options, totalBytes, report, toPrintable } = job
  const rules = { today: berlinDay(options.now), toPrintable }
  let batch: InsuredPerson[] = []
  for await (const member of readMemberFile(path, wanted)) {
    const record = 'values' in member ? parseMemberRecord(member.values, rules) : undefined
    if (!record || 'refusals' in record) throw changedFile(path)
    batch.push(record.person)
    if (batch.length < batchSize) continue
    await refuseChangedFile(job)
    yield batch
    batch = []
    options.onProgress?.({ bytes: totalBytes / 2 + member.bytes, totalBytes, lines: report.lines })
  }
  await refuseChangedFile(job)
  if (batch.length > 0) yield batch
  options.onProgress?.({ bytes: totalBytes, totalBytes, lines: report.lines })
}

/** Whoever is missing in a full file was covered until the day before; an earlier end stands. */
async function endCoverages(job: ImportJob): Promise<void> {
  const { now } = job.options
  const today = berlinDay(now)
  let after: string | null = null
  const endBatch = async (unit: UnitOfWork) => {
    const ended = await unit.memberImports.endCoverage(after, { today, lastDay: addDays(today, -1) }, now)
    after = ended?.last ?? null
    if (!ended) return
    job.report.left += ended.count
    if (ended.count > 0) await job.onChanged(unit, ended.hashes, now, job.options.onLeftOut)
  }
  do await inTransaction(job, endBatch)
  while (after)
}

/** One batch; a dry run takes it back. */
async function inTransaction(job: ImportJob, work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
  const { transaction, options } = job
  await transaction(async (unit) => {
    await hold(job, unit.memberImports)
    await work(unit)
    if (options.dryRun) throw new TakenBack()
  }).catch((error) => {
    if (!(error instanceof TakenBack)) throw error
  })
}
