import type { PageLocals } from '../../../http/views/render.ts'
import type { ClientService } from '../../../services/clients/clients.ts'
import type { ClientSecretService } from '../../../services/clients/secrets.ts'
import type { Visit } from '../../visit.ts'

/** What the room of applications works with. */
export type ClientRoom = {
  clients: Pick<ClientService, 'list' | 'find' | 'change' | 'suspend' | 'lift' | 'resources'> & {
    secrets: ClientSecretService
  }
  issuer: string
  now(): Date
}

/** Shows the page of the application that the address names. */
export type ShowOne = (visit: Visit, locals?: PageLocals, status?: number) => Promise<void>
