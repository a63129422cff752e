import { measureImport } from '../import.ts'
import { type Bench, type Figure, inTurns, less, more, type Row } from './row.ts'

/** The import of the register, at a size that takes seconds; `bench:import` takes any. */
export const importRow: Row = {
  name: 'import',
  about: 'import of the register against a bare COPY: the first file, the same again, the one of the next month',
  needsServers: true,
  async measure({ subjects, importMembers, cleanUps }: Bench): Promise<Figure[][]> {
    const results = await inTurns(1, subjects, (subject) => measureImport(subject, importMembers, cleanUps))
    return results.map(([rates]) =>
      Object.entries(rates ?? {}).flatMap(([file, { perSecond, timesTheFloor, megabytes }]) => [
        more(`${file} file`, perSecond, 'rows per second'),
        less(`${file} file against a bare COPY`, timesTheFloor, 'times its time'),
        less(`${file} file, memory at its highest`, megabytes, 'MB'),
      ]),
    )
  },
}
