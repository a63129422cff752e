import type { Actor } from '../audit/event.ts'
import { berlinDay } from '../domain/calendar.ts'
import type { InsuredPerson } from '../domain/eligibility.ts'
import type { Transaction, UnitOfWork } from '../stores/transaction.ts'
import { type MemberColumn, type MemberLine, readMemberFile, sizeOfMemberFile } from './member-file.ts'
import { parseMemberRecord } from './member-record.ts'
import { createSeenNumbers } from './seen-numbers.ts'
import type { StandingService } from './standing.ts'

const batchSize = 500
const listedRefusals = 1000

/** A refused field of a line (from 1, the heading is line 1); `field` is null when the whole line is unreadable. */
export type RefusedLine = { line: number; field: MemberColumn | null; reason: string }

/** What an import did; `refusals` lists the first 1,000 faults, `refused` counts every refused line. */
export type ImportReport = {
  outcome: 'imported' | 'dry_run' | 'refused'
  lines: number
  added: number
  changed: number
  unchanged: number
  refused: number
  refusals: RefusedLine[]
}

export type ImportOptions = {
  now: Date
  /** Does everything and takes it back. */
  dryRun?: boolean
  /** Imports the good lines of a file that has refused ones. */
  skipBad?: boolean
  actor?: Actor
  onProgress?(progress: { bytes: number; totalBytes: number; lines: number }): void
}

export type MemberImportDeps = {
  transaction: Transaction
  /** The rules for persons who changed, in the import's own transaction (mission.md, "The register changes"). */
  onChanged(unit: UnitOfWork, changedHashes: string[], now: Date): Promise<void>
  /** A sandbox lets only its demo persons in (security.md, "Development mode"); unset: everybody. */
  onlyNumbers?: ReadonlySet<string>
}

/** Creates the import of the membership register: one file, one transaction, memory that does not grow with the batches. */
export function createMemberImport({ transaction, onChanged, onlyNumbers }: MemberImportDeps) {
  return {
    /**
     * Imports a member file; any refused line refuses the file, unless `skipBad`.
     * @throws MemberFileFault when the file as a whole cannot be read.
     */
    async importFile(path: string, options: ImportOptions): Promise<ImportReport> {
      const { now, dryRun = false, actor = 'cli' } = options
      const report: ImportReport = { ...emptyReport(), outcome: dryRun ? 'dry_run' : 'imported' }
      const totalBytes = await sizeOfMemberFile(path)
      const work = async (unit: UnitOfWork) => {
        for await (const batch of readBatches(path, report, { ...options, totalBytes, onlyNumbers })) {
          if (report.refused > 0 && !options.skipBad) continue
          const { changedHashes, ...counts } = await unit.insuredPersons.upsertMany(batch, now)
          for (const key of ['added', 'changed', 'unchanged'] as const) report[key] += counts[key]
          if (changedHashes.length > 0) await onChanged(unit, changedHashes, now)
        }
        if (report.refused > 0 && !options.skipBad) report.outcome = 'refused'
        if (report.outcome !== 'imported') throw new TakenBack()
        const { added, changed, unchanged, refused } = report
        await unit.audit.insuredPersonsImported({ at: now, actor, added, changed, unchanged, refused })
      }
      await transaction(work).catch((error) => {
        if (!(error instanceof TakenBack)) throw error
      })
      return report.outcome === 'refused' ? { ...report, added: 0, changed: 0, unchanged: 0 } : report
    },
  }
}

/** Makes the rule of an import that reviews every account of the persons who changed (mission.md, "The register changes"). */
export function createRegisterFollower(standing: StandingService): MemberImportDeps['onChanged'] {
  return async (unit, changedHashes, now) => {
    for (const account of await unit.accounts.findAllByNumberHashes(changedHashes))
      await standing.apply(unit, account, await standing.review(unit, account, now), now)
  }
}

/** Reads the insurance numbers of a member file, for `onlyNumbers`. @throws MemberFileFault */
export async function readInsuranceNumbers(path: string): Promise<Set<string>> {
  const numbers = new Set<string>()
  for await (const member of readMemberFile(path))
    if ('values' in member) numbers.add(member.values.insurance_number ?? '')
  return numbers
}

/** Ends a transaction without a trace. */
class TakenBack extends Error {}

const emptyReport = () => ({ lines: 0, added: 0, changed: 0, unchanged: 0, refused: 0, refusals: [] })

type BatchOptions = ImportOptions & { totalBytes: number } & Pick<MemberImportDeps, 'onlyNumbers'>

/** Reads persons in batches; refused lines go into the report. */
async function* readBatches(
  path: string,
  report: ImportReport,
  options: BatchOptions,
): AsyncGenerator<InsuredPerson[]> {
  const seen = createSeenNumbers()
  const today = berlinDay(options.now)
  let batch: InsuredPerson[] = []
  const tell = (bytes: number) => options.onProgress?.({ bytes, totalBytes: options.totalBytes, lines: report.lines })
  for await (const member of readMemberFile(path)) {
    report.lines++
    const result = readPerson(member, today, seen, options.onlyNumbers)
    if ('person' in result) batch.push(result.person)
    else {
      report.refused++
      if (report.refusals.length < listedRefusals) report.refusals.push(...result.refusals)
    }
    if (batch.length < batchSize) continue
    yield batch
    batch = []
    tell(member.bytes)
  }
  if (batch.length > 0) yield batch
  tell(options.totalBytes)
}

type Seen = ReturnType<typeof createSeenNumbers>

function readPerson(
  member: MemberLine,
  today: string,
  seen: Seen,
  only: ReadonlySet<string> | undefined,
): { person: InsuredPerson } | { refusals: RefusedLine[] } {
  const { line } = member
  if ('unreadable' in member) return { refusals: [{ line, field: null, reason: member.unreadable }] }
  const record = parseMemberRecord(member.values, today)
  if ('refusals' in record) return { refusals: record.refusals.map((refusal) => ({ line, ...refusal })) }
  if (only && !only.has(record.person.insuranceNumber))
    return { refusals: [{ line, field: 'insurance_number', reason: 'not_a_demo_person' }] }
  const before = seen.note(record.person.insuranceNumber, line)
  return before ? { refusals: [{ line, field: 'insurance_number', reason: `already_on_line_${before}` }] } : record
}
