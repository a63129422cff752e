import { auditSeal } from './audit-seal.ts'
import { auditVerify } from './audit-verify.ts'
import { clientsCheck } from './clients-check.ts'
import { dbMigrate } from './db-migrate.ts'
import { dbRollback } from './db-rollback.ts'
import { dbStatus } from './db-status.ts'
import { doctor } from './doctor.ts'
import { runCli } from './frame.ts'
import { jobCommands } from './jobs.ts'
import { keyCommands } from './keys.ts'
import { keysRotate } from './keys-rotate.ts'
import { letterCommands } from './letters.ts'
import { mailCommands } from './mails.ts'
import { membersImport } from './members-import.ts'
import { printRunCommands } from './print-runs.ts'
import { smsReceipts } from './sms-receipts.ts'
import { statisticsShow } from './statistics.ts'

const commands = [
  doctor,
  membersImport,
  clientsCheck,
  auditVerify,
  auditSeal,
  dbMigrate,
  dbStatus,
  dbRollback,
  ...printRunCommands,
  ...letterCommands,
  ...jobCommands,
  ...mailCommands,
  smsReceipts,
  keysRotate,
  ...keyCommands,
  statisticsShow,
]

process.exitCode = await runCli(commands, process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // Opened only by the command that reads it.
  get input() {
    return process.stdin.isTTY ? undefined : process.stdin
  },
  progressWidth: process.stderr.isTTY ? process.stderr.columns : undefined,
})
