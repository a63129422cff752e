import { loadDrivers } from './drivers.ts'
import { createAccountServices } from './services/accounts.ts'
import { createClientServices } from './services/clients.ts'
import { createGround, type ServiceSettings } from './services/ground.ts'
import { createHelpDeskServices } from './services/help-desk.ts'
import { createKeyServices } from './services/keys.ts'
import { createLetterServices } from './services/letters.ts'
import { createMessageServices } from './services/messages.ts'
import { createOperationServices } from './services/operation.ts'
import { createRegisterServices } from './services/register.ts'
import { createStaffServices } from './services/staff.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

/**
 * Lists the services by noun, for the web process, its jobs and the command line alike. What is dear (fonts, texts, ways out) is
 * made when it is asked for, so a command pays for what it uses.
 */
export async function createServices(settings: ServiceSettings) {
  const ground = createGround(settings)
  const drivers = await loadDrivers(settings.config)
  const operation = createOperationServices(ground)
  const keys = createKeyServices(ground, operation)
  const messages = createMessageServices(ground, operation, drivers)
  const letters = createLetterServices(ground, operation, messages, drivers)
  const accounts = createAccountServices(ground, letters, messages)
  const register = createRegisterServices(ground, accounts, letters)
  const clients = createClientServices(ground)
  const helpDesk = createHelpDeskServices(ground, { operation, messages, letters, accounts, clients })
  const staff = createStaffServices(ground, accounts, operation, { keys, clients, helpDesk })
  const nouns = { operation, keys, messages, letters, accounts, register, clients, helpDesk, staff }
  const { stores, transaction, protection, opened } = ground
  return {
    ...{ stores, transaction, protection },
    ...nouns,
    /** Makes everything now: what cannot work ends a start, and not the first message. */
    makeAll(): void {
      for (const noun of Object.values(nouns)) Object.values(noun)
    },
    /** Closes what was opened. */
    close: () => opened.disposeAsync(),
  }
}
