import type { AuditLookUps } from '../services/operation/audit-look-ups.ts'
import type { Operation } from './operation.ts'
import { auditOperations } from './operations/audit.ts'
import { type ClientRoom, clientOperations } from './operations/clients.ts'
import { documentOperations } from './operations/document.ts'
import { type LetterRoom, letterOperations } from './operations/letters.ts'
import { type MemberRoom, memberOperations } from './operations/members.ts'
import { type PrintRunRoom, printRunOperations } from './operations/print-runs.ts'
import { type ReadingRoom, readingOperations } from './operations/readings.ts'
import { type SecretRoom, secretOperations } from './operations/secrets.ts'

/** What the operations work with; each room takes its part. */
export type ApiRooms = {
  clients: ClientRoom & SecretRoom
  members: MemberRoom
  letters: LetterRoom & PrintRunRoom
  audit: AuditLookUps
  readings: ReadingRoom
  issuer: string
}

/** Every operation of the HTTP API. */
export function apiOperations({ clients, members, letters, audit, readings, issuer }: ApiRooms): Operation[] {
  const operations: Operation[] = [
    ...clientOperations(clients),
    ...secretOperations(clients),
    ...memberOperations(members),
    ...printRunOperations(letters),
    ...letterOperations(letters),
    ...auditOperations(audit),
    ...readingOperations(readings),
    ...documentOperations(() => operations, issuer),
  ]
  return operations
}
