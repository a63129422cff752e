import { createHash } from 'node:crypto'
import type { RegisteredClient } from '../../domain/clients/client.ts'
import { Problem } from '../problem.ts'

/** @throws Problem when there is none */
export function found<T>(thing: T | null | undefined): T {
  if (!thing) throw new Problem('not-found')
  return thing
}

/** The version of a client, as `ETag` names it: strong, and of nothing that can be read from it. */
export const etagOf = ({ client, changedAt }: RegisteredClient): string =>
  `"${createHash('sha256').update(`${client.clientId}\n${changedAt.getTime()}`).digest('base64url').slice(0, 22)}"`
