import { createHash } from 'node:crypto'
import type { Client, RegisteredClient } from '../../domain/clients/client.ts'
import { scopesBeyond } from '../../domain/clients/scopes.ts'
import type { ChangeRefusal, ExpectedVersion } from '../../services/clients/clients.ts'
import type { Caller } from '../operation.ts'
import { Problem } from '../problem.ts'

/** @throws Problem when there is none */
export function found<T>(thing: T | null | undefined): T {
  if (!thing) throw new Problem('not-found')
  return thing
}

/** The version of a client, as `ETag` names it: strong, and of nothing that can be read from it. */
export const etagOf = ({ client, changedAt }: RegisteredClient): string =>
  `"${createHash('sha256').update(`${client.clientId}\n${changedAt.getTime()}`).digest('base64url').slice(0, 22)}"`

/**
 * Which version a change goes by (RFC 9110 § 13.1). The change itself compares once more, where nobody comes in between.
 * @throws Problem when the caller names none, or another one than there is
 */
export function expectedOf(
  { ifMatch, ifNoneMatch }: { ifMatch?: string | undefined; ifNoneMatch?: string | undefined },
  before: RegisteredClient | null,
): ExpectedVersion {
  if (ifNoneMatch === '*') {
    if (before) throw new Problem('precondition-failed')
    return 'new'
  }
  if (!ifMatch) throw new Problem('precondition-required')
  if (!before || ifMatch !== etagOf(before)) throw new Problem('precondition-failed')
  return before.changedAt
}

/** Who holds administrative scopes that the caller lacks is not the caller's to make or change. @throws Problem */
export function assertNotBeyond({ scopes }: Caller, ...clients: readonly (Client | undefined)[]): void {
  const wanted = clients.flatMap((client) => client?.scopes ?? [])
  if (scopesBeyond(wanted, scopes).length > 0) throw new Problem('beyond-own-scopes')
}

const words = { managed: 'managed', first_party_takes_two: 'takes-two', stale: 'precondition-failed' } as const

/** @throws Problem when a change was refused */
export function refuseChange(outcome: { changed: boolean } | ChangeRefusal): void {
  if ('changed' in outcome) return
  const { reason } = outcome
  if (reason === 'invalid')
    throw new Problem('invalid', {
      errors: outcome.faults.map(({ field, index, message }) => ({
        pointer: `/${keyOf(field)}${index === undefined ? '' : `/${index}`}`,
        detail: message,
      })),
    })
  if (reason === 'not_taken') throw new Problem('invalid', { errors: [{ pointer: '', detail: outcome.fault }] })
  if (reason === 'unknown') throw new Problem('precondition-failed')
  if (reason === 'taken') throw new Problem('conflict', { detail: 'The id is used, or was; choose another.' })
  throw new Problem(words[reason])
}

const keyOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
