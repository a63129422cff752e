import type { Actor } from '../../audit/event.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { Random } from '../../crypto/random.ts'
import { changedFields } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import { type ClientFault, clientFaults } from '../../domain/clients/rules.ts'
import type { Stores } from '../../stores/index.ts'
import { createClientDirectory } from './directory.ts'
import { type ClientFileDeps, createClientFiles } from './files.ts'

type Deps = Omit<ClientFileDeps, 'stores'> & {
  stores: Pick<Stores, 'clients' | 'clientFiles'>
  random: Pick<Random, 'bytes'>
  /** Milliseconds of a clock that only goes forward. */
  ticks(): number
}

export type ClientService = ReturnType<typeof createClientService>

/** `managed`: a file alone changes it. */
export type ChangeRefusal =
  | { reason: 'managed' }
  | { reason: 'invalid'; faults: ClientFault[] }
  | { reason: 'not_taken'; fault: string }

/** `brought_along`: whoever registers the client brings its secrets; `two_valid`: one has to end before another is made. */
export type SecretRefusal = { reason: 'unknown' | 'brought_along' | 'two_valid' | 'only_one' }

/** Creates what command line and console do with clients; every change takes effect within five seconds, in every process. */
export function createClientService(deps: Deps) {
  const { stores, transaction, clock, random, ticks } = deps
  return {
    directory: createClientDirectory(stores, ticks),
    files: createClientFiles(deps),
    list: stores.clients.list,
    /** As it is in the database now, which the directory may lag behind. */
    find: stores.clients.find,
    resources: stores.clientFiles.resources,
    /** Registers a client that no file manages, or changes it. */
    async change(client: Client, actor: Actor): Promise<{ changed: boolean } | ChangeRefusal> {
      const faults = clientFaults(client, await stores.clientFiles.resources())
      if (faults.length > 0) return { reason: 'invalid', faults }
      const fault = (await deps.loadCheck())(client)
      if (fault) return { reason: 'not_taken', fault }
      return await transaction(async (unit) => {
        const { clientId } = client
        const before = await unit.clients.find(clientId)
        const fields = before ? changedFields(before.client, client) : []
        if (before && before.managedBy === null && fields.length === 0) return { changed: false }
        if ((await unit.clients.save([client], null, clock.now())).length === 0) return { reason: 'managed' as const }
        const by = { at: clock.now(), actor, clientId }
        if (before) await unit.audit.clientChanged({ ...by, fields })
        else await unit.audit.clientRegistered({ ...by, managedBy: null })
        return { changed: true }
      })
    },
    /** Lets a client in no more, whoever registered it; false when it is suspended already, or unknown. */
    suspend: (clientId: string, actor: Actor): Promise<boolean> =>
      transaction(async (unit) => {
        const done = await unit.clients.suspend(clientId, clock.now())
        if (done) await unit.audit.clientSuspended({ at: clock.now(), actor, clientId })
        return done
      }),
    /** Lets a client in again; false when it is not suspended. One whose entry is gone waits for that to come back. */
    resume: (clientId: string, actor: Actor): Promise<boolean> =>
      transaction(async (unit) => {
        const done = await unit.clients.resume(clientId, clock.now())
        if (done) await unit.audit.clientResumed({ at: clock.now(), actor, clientId })
        return done
      }),
    /** Makes a further secret, which is known to the caller alone; the one before stays valid until `endOlderSecret`. */
    async addSecret(clientId: string, actor: Actor): Promise<{ secret: string } | SecretRefusal> {
      // Hexadecimal: nothing in it is encoded on its way through Basic (RFC 6749 § 2.3.1).
      const secret = Buffer.from(random.bytes(32)).toString('hex')
      return await transaction(async (unit) => {
        if (!(await unit.clients.addSecret(clientId, hashToken(secret), clock.now())))
          return await refusal(unit, clientId)
        await unit.audit.clientSecretAdded({ at: clock.now(), actor, clientId })
        return { secret }
      })
    },
    /** Ends the older of two secrets, once the application uses the newer one. */
    endOlderSecret: (clientId: string, actor: Actor): Promise<'ended' | SecretRefusal> =>
      transaction(async (unit) => {
        if (!(await unit.clients.endOlderSecret(clientId, clock.now()))) return await refusal(unit, clientId)
        await unit.audit.clientSecretEnded({ at: clock.now(), actor, clientId })
        return 'ended' as const
      }),
  }
}

/** Why the guarded statement has found nothing to change. */
async function refusal({ clients }: Pick<Stores, 'clients'>, clientId: string): Promise<SecretRefusal> {
  const found = await clients.find(clientId)
  if (!found) return { reason: 'unknown' }
  if (!found.client.secretsMadeHere) return { reason: 'brought_along' }
  return { reason: found.client.secretHashes.length < 2 ? 'only_one' : 'two_valid' }
}
