import { randomUUID } from 'node:crypto'
import type { LeftOut } from '../../stores/open-each.ts'
import type { StandingService } from '../accounts/standing.ts'
import { apply } from './member-applying.ts'
import { inspectMemberFile, readMemberFile } from './member-file.ts'
import type { ImportJob, ImportOptions, ImportReport, MemberImportDeps } from './member-import-job.ts'
import { judge, refusal } from './member-judging.ts'

export type MemberImport = ReturnType<typeof createMemberImport>

/** Creates the import of the membership register: it judges the file as a whole, then applies it in small transactions. */
export function createMemberImport(deps: MemberImportDeps) {
  const { memberImports } = deps.stores
  const underWay = new Set<string>()
  return {
    /**
     * Imports a member file; any refused line refuses the file, unless `skipBad`. A repeat finishes an import that has died.
     * @throws MemberFileFault when the file as a whole cannot be read, or changes meanwhile.
     */
    async importFile(path: string, options: ImportOptions): Promise<ImportReport> {
      const id = randomUUID()
      const [{ bytes, mark }, toPrintable] = await Promise.all([inspectMemberFile(path), deps.loadToPrintable()])
      const report = emptyReport(options)
      if (!options.beside) underWay.add(id)
      const other = options.beside ? null : await memberImports.begin(id)
      if (other) {
        underWay.delete(id)
        return { ...report, ...refusal('running'), ...other }
      }
      const sealing = deps.openSealing(bytes)
      const job: ImportJob = { ...deps, id, path, options, totalBytes: bytes * 2, mark, report, sealing, toPrintable }
      try {
        const toApply = await judge(job)
        if (job.report.outcome !== 'refused') await apply(job, toApply)
        return job.report
      } finally {
        await sealing.close()
        await memberImports.end(id)
        underWay.delete(id)
      }
    },
    /** Lets the imports of this process keep nobody out any more, although they are not done: a repeat finishes them. */
    async abandon(): Promise<void> {
      for (const id of underWay) await memberImports.abandon(id)
    },
  }
}

/**
 * Makes the rule of an import that reviews every account of the persons who changed (mission.md, "The register changes"). `leftOut`, or
 * who else is named, is told of an account that cannot be opened; it does not stop the register of all others.
 */
export function createRegisterFollower(standing: StandingService, leftOut: LeftOut): MemberImportDeps['onChanged'] {
  return async (unit, changedHashes, now, told = leftOut) => {
    for (const account of await unit.accounts.findAllByNumberHashes(changedHashes, told))
      await standing.follow(unit, account, now)
  }
}

/** Reads the insurance numbers of a member file, for `onlyNumbers`. @throws MemberFileFault */
export async function readInsuranceNumbers(path: string): Promise<Set<string>> {
  const numbers = new Set<string>()
  for await (const member of readMemberFile(path))
    if ('values' in member) numbers.add(member.values.insurance_number ?? '')
  return numbers
}

const emptyReport = ({ dryRun }: ImportOptions): ImportReport => ({
  outcome: dryRun ? 'dry_run' : 'imported',
  cause: null,
  ...{ lines: 0, added: 0, changed: 0, left: 0, unchanged: 0, refused: 0, refusals: [], replaced: 0, replacements: [] },
})
