import { UnreadableRow } from '../errors.ts'

/** Is told of a row that cannot be opened and is left out, so that those beside it are dealt with. */
export type LeftOut = (fault: UnreadableRow) => void

/** Opens a row. @throws UnreadableRow with `row`, its key, whatever was the matter */
export function openRow<T>(table: string, row: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    throw new UnreadableRow(table, row, cause)
  }
}

/** Opens many rows; one that cannot be is left out where somebody is told of it, and otherwise refuses them all. */
export function openEach<R, T>(rows: readonly R[], open: (row: R) => T, leftOut?: LeftOut): T[] {
  if (!leftOut) return rows.map(open)
  return rows.flatMap((row) => {
    try {
      return [open(row)]
    } catch (fault) {
      if (!(fault instanceof UnreadableRow)) throw fault
      leftOut(fault)
      return []
    }
  })
}
