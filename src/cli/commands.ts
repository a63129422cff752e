import { auditSeal } from './audit-seal.ts'
import { auditVerify } from './audit-verify.ts'
import { clientCommands } from './clients.ts'
import { clientsCheck } from './clients-check.ts'
import { dbMigrate } from './db-migrate.ts'
import { dbRollback } from './db-rollback.ts'
import { dbStatus } from './db-status.ts'
import { doctor } from './doctor.ts'
import type { CliCommand } from './frame.ts'
import { jobCommands } from './jobs.ts'
import { keyCommands } from './keys.ts'
import { keysRotate } from './keys-rotate.ts'
import { letterCommands } from './letters.ts'
import { mailCommands } from './mails.ts'
import { membersImport } from './members-import.ts'
import { operatorToken } from './operator.ts'
import { printRunCommands } from './print-runs.ts'
import { smsReceipts } from './sms-receipts.ts'
import { statisticsShow } from './statistics.ts'

/** Every command of the operator, in the order of `--help`. */
export const commands: readonly CliCommand[] = [
  doctor,
  membersImport,
  clientsCheck,
  ...clientCommands,
  auditVerify,
  auditSeal,
  dbMigrate,
  dbStatus,
  dbRollback,
  ...printRunCommands,
  operatorToken,
  ...letterCommands,
  ...jobCommands,
  ...mailCommands,
  smsReceipts,
  keysRotate,
  ...keyCommands,
  statisticsShow,
]
