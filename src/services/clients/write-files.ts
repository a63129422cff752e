import type { AuditEvent } from '../../audit/chain.ts'
import { clientEvents } from '../../audit/client-events.ts'
import type { Actor } from '../../audit/event.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import type { Resource } from '../../domain/clients/scopes.ts'
import { Abandon } from '../../errors.ts'
import type { AppliedClientFile } from '../../stores/clients/client-files.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import { askForApproval } from '../staff/approvals.ts'

/** A file of applications as it was read: its clients have passed `clientFaults`. */
export type ReadClientFile = AppliedClientFile & { clients: Client[]; resources: Resource[] }

/** `others`: those of `all` that say something else than when they were applied last. */
type Files = { all: readonly ReadClientFile[]; others: readonly ReadClientFile[] }

type By = { at: Date; actor: Actor; pruneReason: string | undefined }

/** Writes what was planned, with its events. @throws Abandon with sentences, when another hand was there in between */
export async function writeFiles(
  unit: UnitOfWork,
  files: Files,
  changes: readonly ClientChange[],
  { pruneReason, ...by }: By,
): Promise<void> {
  const of = (...kinds: ClientChange['change'][]) => changes.filter(({ change }) => kinds.includes(change))
  const idsOf = (some: readonly ClientChange[]) => some.map(({ clientId }) => clientId)
  for (const file of files.all) {
    const his = (...kinds: ClientChange['change'][]) =>
      idsOf(of(...kinds).filter(({ file: name }) => name === file.name))
    await unit.clients.takeOver(his('taken_over'), file.name, by.at)
    await unit.clients.move(his('moved'), file.name, by.at)
    const saved = new Set(his('registered', 'changed', 'moved'))
    const entries = file.clients.filter(({ clientId }) => saved.has(clientId))
    refuseRest(saved, await unit.clients.save(entries, file.name, by.at))
  }
  const [gone, back] = [idsOf(of('gone')), idsOf(of('back'))]
  refuseRest(new Set(gone), await unit.clients.leave(gone, by.at))
  refuseRest(new Set(back), await unit.clients.comeBack(back, by.at))
  await unit.clientFiles.replaceResources(files.all)
  for (const { clients: _, resources: __, ...file } of files.others) await unit.clientFiles.save(file, by.at)
  for (const { clientId: subject, file } of of('removal')) {
    const details = { name: (await unit.clients.find(subject))?.client.name, file }
    await askForApproval(unit, { act: 'client.remove', subject, reason: pruneReason ?? '', details }, by)
  }
  await unit.auditEvents.appendAll(await eventsOf(files, changes, by))
}

/** Somebody else has registered one of the ids since they were looked at, or it was removed for good. */
function refuseRest(wanted: Set<string>, written: readonly string[]): void {
  for (const clientId of written) wanted.delete(clientId)
  if (wanted.size > 0)
    throw new Abandon([...wanted].map((id) => `${id} is the id of a client that was removed, or of another hand`))
}

async function eventsOf(
  { others }: Files,
  changes: readonly ClientChange[],
  by: { at: Date; actor: Actor },
): Promise<AuditEvent[]> {
  const events: AuditEvent[] = []
  const audit = clientEvents(async (event) => void events.push(event))
  for (const { clientId, change, fields, file, from = '' } of changes) {
    if (change === 'registered') await audit.clientRegistered({ ...by, clientId, managedBy: file })
    if (change === 'changed') await audit.clientChanged({ ...by, clientId, fields })
    if (change === 'taken_over') await audit.clientTakenOver({ ...by, clientId, managedBy: file })
    if (change === 'moved') await audit.clientMoved({ ...by, clientId, from, managedBy: file })
    if (change === 'gone') await audit.clientGone({ ...by, clientId })
    if (change === 'back') await audit.clientBack({ ...by, clientId })
  }
  for (const { name, defaultClient, resources } of others) {
    const scopes = [...new Set(resources.flatMap(({ scopes }) => scopes))]
    await audit.clientFileApplied({ ...by, file: name, defaultClient, scopes })
  }
  return events
}
