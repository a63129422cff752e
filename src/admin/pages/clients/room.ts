import { scopesBeyond } from '../../../domain/clients/scopes.ts'
import { adminScopesOf } from '../../../domain/staff/rights.ts'
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

/** Whether an application holds scopes of the administration that this person may not hand on. */
export const isBeyond = ({ signedIn }: Visit, ...clients: readonly { scopes: string[] }[]): boolean =>
  scopesBeyond(
    clients.flatMap(({ scopes }) => scopes),
    adminScopesOf(signedIn.staff.role),
  ).length > 0

/** Shows the page of the application that the address names. */
export type ShowOne = (visit: Visit, locals?: PageLocals, status?: number) => Promise<void>
