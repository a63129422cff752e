import { createHelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import { createHelpDeskLimits } from '../limits.ts'
import type { AccountServices } from './accounts.ts'
import type { createClientServices } from './clients.ts'
import type { Ground } from './ground.ts'
import type { LetterServices } from './letters.ts'
import type { MessageServices } from './messages.ts'
import type { OperationServices } from './operation.ts'

type Given = {
  operation: OperationServices
  messages: MessageServices
  letters: LetterServices
  accounts: AccountServices
  clients: ReturnType<typeof createClientServices>
}

/** Wires the help desk: what staff see of a member and do for him. */
export function createHelpDeskServices(ground: Ground, { operation, messages, letters, accounts, clients }: Given) {
  const { config } = ground
  return createHelpDesk({
    ...ground,
    ...{ deadlines: config.deadlines, securityQuestions: config.securityQuestions, hasher: accounts.hasher },
    letters: letters.letters,
    mails: messages.mails,
    limits: createHelpDeskLimits(config, operation.limiters),
    applicationName: async (clientId) => (await clients.directory.find(clientId))?.client.name,
  })
}
