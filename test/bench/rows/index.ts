import { importRow } from './import.ts'
import { printRow } from './print.ts'
import { protocolRows } from './protocol.ts'
import type { Row } from './row.ts'
import { signInRow } from './sign-in.ts'
import { startRow } from './start.ts'
import { statementsRow } from './statements.ts'

/** All rows, in the order in which they are measured. */
export const rows: readonly Row[] = [signInRow, statementsRow, ...protocolRows, importRow, printRow, startRow]
