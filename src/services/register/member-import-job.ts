import type { Actor } from '../../audit/event.ts'
import type { Stores } from '../../stores/index.ts'
import type { LeftOut } from '../../stores/open-each.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import { inspectMemberFile, type MemberColumn, MemberFileFault } from './member-file.ts'
import type { PersonSealing } from './person-sealing.ts'

/** A refused field of a line (from 1, the heading is line 1); `field` is null when the whole line is unreadable. */
export type RefusedLine = { line: number; field: MemberColumn | null; reason: string }

/**
 * What an import did; `refusals` lists the first 1,000 faults, `refused` counts every refused line, `left` the persons whom a
 * full file does not name any more. `cause` of a refused file: its lines, their number, too many who left, another import.
 */
export type ImportReport = {
  outcome: 'imported' | 'dry_run' | 'refused'
  cause: null | 'lines' | 'row_count' | 'too_many_left' | 'running'
  lines: number
  added: number
  changed: number
  left: number
  unchanged: number
  refused: number
  refusals: RefusedLine[]
  /** Lines with letters that paper shows in another form, each field; the first 1,000 are listed. */
  replaced: number
  replacements: RefusedLine[]
  /** With `too_many_left`: how many are covered today; with `running`: since when the other one runs. */
  covered?: number
  runsSince?: Date | undefined
}

export type ImportOptions = {
  now: Date
  /** Does everything and takes it back, batch by batch. */
  dryRun?: boolean
  /** Imports the good lines of a file that has refused ones. */
  skipBad?: boolean
  /** The file names every member: the coverage of whoever is missing ends. */
  full?: boolean
  /** How many may have left at most, when that is more than the share that looks like a truncated file. */
  acceptLeft?: number
  /** How many lines the file must have. */
  expectRows?: number
  /** A small file that may be imported beside another one. */
  beside?: boolean
  /** A sandbox lets only its demo persons in (security.md, "Development mode"); unset: everybody. */
  onlyNumbers?: ReadonlySet<string>
  actor?: Actor
  /** Is told of accounts that cannot be opened and do not follow; unset: the log is. */
  onLeftOut?: LeftOut
  onProgress?(progress: { bytes: number; totalBytes: number; lines: number }): void
}

export type MemberImportDeps = {
  stores: Pick<Stores, 'memberImports'>
  transaction: Transaction
  /** More leavers than this share of the covered persons look like a truncated file (`limits.yaml`). */
  suspiciousShare: number
  /** The rules for persons who changed, in the transaction of their batch (mission.md, "The register changes"). */
  onChanged(unit: UnitOfWork, changedHashes: string[], now: Date, leftOut?: LeftOut): Promise<void>
  /** Opens what hashes and seals, for a file of so many bytes. */
  openSealing(bytes: number): PersonSealing
  /** Loads what tells what a letter shows for a text. */
  loadToPrintable(): Promise<ToPrintable>
}

/** `null` when a letter of the text cannot be drawn. */
export type ToPrintable = (text: string) => string | null

/** One run of an import. `mark` changes when the file is written; the file is read twice, so its bytes count twice. */
export type ImportJob = MemberImportDeps & {
  id: string
  path: string
  options: ImportOptions
  totalBytes: number
  mark: string
  report: ImportReport
  sealing: PersonSealing
  toPrintable: ToPrintable
}

export const batchSize = 1000

/** Batches that are hashed or sealed while one is written. */
export const batchesAhead = 3

/** A line that was left out may be anybody's: then nobody is taken to have left. */
export const namesEverybody = ({ options, report }: ImportJob) => options.full === true && report.refused === 0

/** Keeps other imports out; one that slept for longer than its lease must not go on beside the next one. */
export async function hold(
  { id, options }: Pick<ImportJob, 'id' | 'options'>,
  memberImports: Stores['memberImports'],
): Promise<void> {
  if (!options.beside && !(await memberImports.renew(id)))
    throw new Error('another import has taken over from this one, which paused for too long; run it again')
}

/** How often a long statement renews the lease, in milliseconds: a third of it. */
const renewEvery = 20_000

/** Keeps other imports out while a statement over the whole register goes on for longer than the lease. */
export async function holdWhile<T>(
  job: Pick<ImportJob, 'id' | 'options' | 'stores'>,
  work: () => Promise<T>,
  every = renewEvery,
): Promise<T> {
  const { memberImports } = job.stores
  // What fails here is met by the next batch, which holds the import before it changes anything.
  const renewing = setInterval(() => void hold(job, memberImports).catch(() => {}), every)
  try {
    return await work()
  } finally {
    clearInterval(renewing)
  }
}

/** What is applied must be what was judged. @throws MemberFileFault */
export async function refuseChangedFile({ path, mark }: ImportJob): Promise<void> {
  if ((await inspectMemberFile(path)).mark !== mark) throw changedFile(path)
}

export const changedFile = (path: string) =>
  new MemberFileFault('changed', `The file ${path} was written while it was imported. Import it again.`)
