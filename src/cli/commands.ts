import { auditCommands } from './commands/audit.ts'
import { auditLookUpCommands } from './commands/audit-look-ups.ts'
import { clientCommands } from './commands/clients.ts'
import { clientsCheck } from './commands/clients-check.ts'
import { databaseCommands } from './commands/db.ts'
import { doctor } from './commands/doctor.ts'
import { jobCommands } from './commands/jobs.ts'
import { keyCommands } from './commands/keys.ts'
import { keysRotate } from './commands/keys-rotate.ts'
import { letterCommands, lettersReprint } from './commands/letters.ts'
import { mailCommands } from './commands/mails.ts'
import { membersImport } from './commands/members.ts'
import { memberCommands } from './commands/members-desk.ts'
import { operatorToken } from './commands/operators.ts'
import { printRunCommands } from './commands/print-runs.ts'
import { secretCommands } from './commands/secrets.ts'
import { smsReceipts } from './commands/sms.ts'
import { staffCommands } from './commands/staff.ts'
import { statisticsShow } from './commands/statistics.ts'
import type { CliCommand } from './frame.ts'

/** Every command of the operator, in the order of `--help`. */
export const commands: readonly CliCommand[] = [
  doctor,
  membersImport,
  ...memberCommands,
  clientsCheck,
  ...clientCommands,
  ...secretCommands,
  ...auditCommands,
  ...auditLookUpCommands,
  ...databaseCommands,
  ...printRunCommands,
  lettersReprint,
  operatorToken,
  ...staffCommands,
  ...letterCommands,
  ...jobCommands,
  ...mailCommands,
  smsReceipts,
  keysRotate,
  ...keyCommands,
  statisticsShow,
]
