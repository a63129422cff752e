import type { AuditEvent } from '../../audit/chain.ts'
import { clientEvents } from '../../audit/client-events.ts'
import type { Actor } from '../../audit/event.ts'
import { type ClientChange, planFile } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import { type Resource, scopesOf } from '../../domain/clients/scopes.ts'
import { Abandon } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { AppliedClientFile } from '../../stores/clients/client-files.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'

/** A file of applications as it was read: its clients have passed `clientFaults`. */
export type ReadClientFile = AppliedClientFile & { clients: Client[]; resources: Resource[] }

export type FileOutcome =
  | { outcome: 'unchanged' }
  /** `planned`: nothing was written. */
  | { outcome: 'applied' | 'planned'; changes: ClientChange[] }
  | { outcome: 'refused'; faults: string[] }

/** `isCurrent`: whether the file still is what was read, asked when its turn has come. */
/** `takeOver`: what staff have registered becomes the file's, where it names it. */
type Applying = { actor: Actor; dryRun?: boolean; takeOver?: boolean; isCurrent?(): boolean }

/** Says why oidc-provider would not take a client; undefined when it does. */
export type CheckClient = (client: Client) => string | undefined

export type ClientFileDeps = {
  stores: Pick<Stores, 'clientFiles'>
  transaction: Transaction
  clock: Clock
  loadCheck(): Promise<CheckClient>
}

/** Creates what makes the clients of a file what it says. */
export function createClientFiles({ stores, transaction, clock, loadCheck }: ClientFileDeps) {
  return {
    /** What was last taken from the file of this name; null: nothing. */
    applied: stores.clientFiles.find,
    /**
     * Applies a file in one transaction, or nothing of it. Of several processes that start with the same file one does it, and the others
     * find it done.
     */
    async apply(
      file: ReadClientFile,
      { actor, dryRun = false, takeOver = false, isCurrent = () => true }: Applying,
    ): Promise<FileOutcome | { outcome: 'outdated' }> {
      const check = await loadCheck()
      try {
        return await transaction(async (unit): Promise<FileOutcome | { outcome: 'outdated' }> => {
          await unit.clients.lock()
          if (!isCurrent()) return { outcome: 'outdated' }
          if ((await unit.clientFiles.find(file.name))?.digest === file.digest) return { outcome: 'unchanged' }
          const changes = await plan(unit, file, check, takeOver)
          if (dryRun) return { outcome: 'planned', changes }
          await write(unit, file, changes, { at: clock.now(), actor })
          return { outcome: 'applied', changes }
        })
      } catch (error) {
        if (error instanceof Abandon) return { outcome: 'refused', faults: error.value as string[] }
        throw error
      }
    },
  }
}

/** @throws Abandon with sentences, when the file cannot be applied to what is registered otherwise. */
async function plan(
  unit: UnitOfWork,
  file: ReadClientFile,
  check: CheckClient,
  takeOver: boolean,
): Promise<ClientChange[]> {
  const ids = file.clients.map(({ clientId }) => clientId)
  const { changes, taken } = planFile(file.name, file.clients, await unit.clients.ofFile(file.name, ids), { takeOver })
  const touched = new Set(changes.map(({ clientId }) => clientId))
  const others = await unit.clientFiles.resourcesBeside(file.name)
  const names = new Set(others.map(({ name }) => name))
  const scopes = [...scopesOf([...others, ...file.resources])]
  const faults = [
    ...taken.map(
      ({ clientId, managedBy }) =>
        `${clientId} is registered by ${managedBy ?? 'staff'}; choose another id${managedBy ? '' : ', or apply with --take-over'}`,
    ),
    ...file.clients.flatMap((client) => {
      const fault = touched.has(client.clientId) ? check(client) : undefined
      return fault ? [`${client.clientId} is not valid: ${fault}`] : []
    }),
    ...file.resources
      .filter(({ name }) => names.has(name))
      .map(({ name }) => `the resource ${name} is named elsewhere, too`),
    ...(await unit.clients.servicesBeyond(scopes, file.name)).map(
      (clientId) => `${clientId} has scopes that are of no resource any more; take them from it first`,
    ),
  ]
  if (faults.length > 0) throw new Abandon(faults)
  return changes
}

async function write(
  unit: UnitOfWork,
  { clients, resources, ...file }: ReadClientFile,
  changes: readonly ClientChange[],
  by: { at: Date; actor: Actor },
): Promise<void> {
  const idsOf = (...kinds: ClientChange['change'][]) =>
    changes.filter(({ change }) => kinds.includes(change)).map(({ clientId }) => clientId)
  await unit.clients.takeOver(idsOf('taken_over'), file.name, by.at)
  const saved = new Set(idsOf('registered', 'changed'))
  const entries = clients.filter(({ clientId }) => saved.has(clientId))
  for (const clientId of await unit.clients.save(entries, file.name, by.at)) saved.delete(clientId)
  // Somebody else has registered one of the ids since they were looked at, or it was removed for good.
  if (saved.size > 0)
    throw new Abandon([...saved].map((id) => `${id} is the id of a client that was removed, or of another hand`))
  await unit.clients.leave(idsOf('gone'), by.at)
  await unit.clients.comeBack(idsOf('back'), by.at)
  await unit.clientFiles.replaceResources(file.name, resources)
  await unit.clientFiles.save(file, by.at)
  const events: AuditEvent[] = []
  const audit = clientEvents(async (event) => void events.push(event))
  for (const { clientId, change, fields } of changes) {
    if (change === 'registered') await audit.clientRegistered({ ...by, clientId, managedBy: file.name })
    if (change === 'changed') await audit.clientChanged({ ...by, clientId, fields })
    if (change === 'taken_over') await audit.clientTakenOver({ ...by, clientId, managedBy: file.name })
    if (change === 'gone') await audit.clientGone({ ...by, clientId })
    if (change === 'back') await audit.clientBack({ ...by, clientId })
  }
  const scopes = [...new Set(resources.flatMap(({ scopes }) => scopes))]
  await audit.clientFileApplied({ ...by, file: file.name, defaultClient: file.defaultClient, scopes })
  await unit.auditEvents.appendAll(events)
}
