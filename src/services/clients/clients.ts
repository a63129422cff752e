import type { Actor } from '../../audit/event.ts'
import { changedFields } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import { type ClientFault, clientFaults } from '../../domain/clients/rules.ts'
import type { Resource } from '../../domain/clients/scopes.ts'
import { Abandon } from '../../errors.ts'
import type { Stores } from '../../stores/index.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import { createClientDirectory } from './directory.ts'
import { type ClientFileDeps, createClientFiles } from './files.ts'

type Deps = Omit<ClientFileDeps, 'stores'> & {
  stores: Pick<Stores, 'clients' | 'clientFiles'>
  /** Milliseconds of a clock that only goes forward. */
  ticks(): number
}

export type ClientService = ReturnType<typeof createClientService>

/**
 * `managed`: a file alone changes it; `taken`: the id is used, or was; `first_party_takes_two`: that is asked for, and approved by another
 * (`client.first-party`); `stale`: somebody has changed it since; `unknown`: there is none to change.
 */
export type ChangeRefusal =
  | { reason: 'managed' | 'taken' | 'first_party_takes_two' | 'stale' | 'unknown' }
  | { reason: 'invalid'; faults: ClientFault[] }
  | { reason: 'not_taken'; fault: string }

/** `new`: there is none of this id; an instant: it was last changed then (`changedAt`); unset: whatever it is. */
export type ExpectedVersion = 'new' | Date | undefined

/** Creates what is done with clients; every change takes effect within five seconds, in every process. */
export function createClientService(deps: Deps) {
  const { stores, transaction, clock, ticks } = deps
  const directory = createClientDirectory(stores, ticks)
  return {
    directory,
    files: createClientFiles(deps),
    list: stores.clients.list,
    /** As it is in the database now, which the directory may lag behind. */
    find: stores.clients.find,
    resources: () => stores.clientFiles.resources(),
    /** What a file says beside its applications, or all of them together; undefined: nothing of this name was ever applied. */
    async sharedOf(file?: string): Promise<{ resources: Resource[]; defaultClient: string | undefined } | undefined> {
      const resources = await stores.clientFiles.resources(file)
      if (file === undefined) return { resources, defaultClient: (await directory.defaultClient())?.client.clientId }
      const applied = await stores.clientFiles.find(file)
      return applied ? { resources, defaultClient: applied.defaultClient ?? undefined } : undefined
    },
    /** Registers a client that no file manages, or changes it. */
    async change(
      client: Client,
      actor: Actor,
      expected?: ExpectedVersion,
    ): Promise<{ changed: boolean } | ChangeRefusal> {
      const faults = clientFaults(client, await stores.clientFiles.resources())
      if (faults.length > 0) return { reason: 'invalid', faults }
      const fault = (await deps.loadCheck())(client)
      if (fault) return { reason: 'not_taken', fault }
      return await transaction(async (unit) => {
        const { clientId } = client
        const before = await unit.clients.hold(clientId)
        if (expected === 'new' && before) return { reason: 'taken' as const }
        if (expected instanceof Date && !before) return { reason: 'unknown' as const }
        if (before?.managedBy) return { reason: 'managed' as const }
        if (expected instanceof Date && before?.changedAt.getTime() !== expected.getTime())
          return { reason: 'stale' as const }
        if (client.firstParty && !before?.client.firstParty) return { reason: 'first_party_takes_two' as const }
        const fields = before ? changedFields(before.client, client) : []
        if (before && fields.length === 0) return { changed: false }
        // Of many who register the same id at once one does; the others have not seen him.
        const written = before
          ? await unit.clients.save([client], null, clock.now())
          : await unit.clients.register(client, clock.now())
        if (written.length === 0) return { reason: 'taken' as const }
        const by = { at: clock.now(), actor, clientId }
        if (before) await unit.audit.clientChanged({ ...by, fields })
        else await unit.audit.clientRegistered({ ...by, managedBy: null })
        return { changed: true }
      })
    },
    /** Lets a client in no more, whoever registered it; false when it is suspended already, or unknown. */
    suspend: (clientId: string, { actor, reason }: { actor: Actor; reason: string }): Promise<boolean> =>
      transaction(async (unit) => {
        const done = await unit.clients.suspend(clientId, clock.now(), reason)
        if (done) await unit.audit.clientSuspended({ at: clock.now(), actor, clientId, reason })
        return done
      }),
    /** Lets a client in again; false when it is not suspended. One whose entry is gone waits for that to come back. */
    lift: (clientId: string, actor: Actor): Promise<boolean> =>
      transaction(async (unit) => {
        const done = await unit.clients.lift(clientId, clock.now())
        if (done) await unit.audit.clientLifted({ at: clock.now(), actor, clientId })
        return done
      }),
    /** Removes a client for good, approved by two. @throws Abandon when there is none, or a file has an entry of it */
    async remove(unit: UnitOfWork, clientId: string, actor: Actor): Promise<void> {
      const at = clock.now()
      if (!(await unit.clients.remove(clientId, at))) throw new Abandon('unknown')
      await unit.clientSecrets.endAll(clientId, at)
      await unit.audit.clientRemoved({ at, actor, clientId })
    },
    /** Makes a client the insurer's own, approved by two. @throws Abandon when there is none, or a file manages it */
    async makeFirstParty(unit: UnitOfWork, clientId: string, actor: Actor): Promise<void> {
      const at = clock.now()
      const found = await unit.clients.hold(clientId)
      if (!found || found.managedBy || found.client.firstParty) throw new Abandon('unknown')
      await unit.clients.save([{ ...found.client, firstParty: true }], null, at)
      await unit.audit.clientChanged({ at, actor, clientId, fields: ['firstParty'] })
    },
  }
}
