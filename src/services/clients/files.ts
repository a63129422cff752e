import type { Actor } from '../../audit/event.ts'
import { type ClientChange, type FilePlan, planFiles } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import { resourceFaults, scopesOf } from '../../domain/clients/scopes.ts'
import { Abandon } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import { type ReadClientFile, writeFiles } from './write-files.ts'

export type FileOutcome =
  | { outcome: 'unchanged' }
  /** `planned`: nothing was written; `files`: those that say something else than when they were applied last. */
  | { outcome: 'applied' | 'planned'; files: string[]; changes: ClientChange[] }
  | { outcome: 'refused'; faults: string[] }

export type Applying = {
  actor: Actor
  dryRun?: boolean
  /** What staff have registered becomes the file's, where it names it. */
  takeOver?: boolean
  /** Asks that whose entry has vanished is removed for good, and why; one of the staff approves. */
  prune?: { reason: string } | undefined
  /** Whether the files still are what was read, asked when their turn has come. */
  isCurrent?(): boolean
}

/** Says why oidc-provider would not take a client; undefined when it does. */
export type CheckClient = (client: Client) => string | undefined

export type ClientFileDeps = {
  stores: Pick<Stores, 'clientFiles'>
  transaction: Transaction
  clock: Clock
  loadCheck(): Promise<CheckClient>
}

/** Creates what makes the clients of files what these say. */
export function createClientFiles({ stores, transaction, clock, loadCheck }: ClientFileDeps) {
  return {
    /** What was last taken from the file of this name; null: nothing. */
    applied: stores.clientFiles.find,
    /**
     * Applies files in one transaction, or nothing of them: an entry may move from one to the other. Of several processes that start
     * with the same files one does it, and the others find it done.
     */
    async apply(
      files: readonly ReadClientFile[],
      { actor, dryRun = false, isCurrent = () => true, ...how }: Applying,
    ): Promise<FileOutcome | { outcome: 'outdated' }> {
      const check = await loadCheck()
      try {
        return await transaction(async (unit): Promise<FileOutcome | { outcome: 'outdated' }> => {
          await unit.clients.lock()
          if (!isCurrent()) return { outcome: 'outdated' }
          const others: ReadClientFile[] = []
          for (const file of files)
            if ((await unit.clientFiles.find(file.name))?.digest !== file.digest) others.push(file)
          if (others.length === 0 && !how.prune) return { outcome: 'unchanged' }
          const by = { at: clock.now(), actor }
          const changes = await plan(unit, files, { check, ...how, now: by.at })
          if (others.length === 0 && changes.length === 0) return { outcome: 'unchanged' }
          const names = others.map(({ name }) => name)
          if (dryRun) return { outcome: 'planned', files: names, changes }
          await writeFiles(unit, { all: files, others }, changes, { ...by, pruneReason: how.prune?.reason })
          return { outcome: 'applied', files: names, changes }
        })
      } catch (error) {
        if (error instanceof Abandon) return { outcome: 'refused', faults: error.value as string[] }
        throw error
      }
    },
  }
}

type Planning = Pick<Applying, 'takeOver' | 'prune'> & { check: CheckClient; now: Date }

/** @throws Abandon with sentences, when the files cannot be applied to what is registered otherwise. */
async function plan(
  unit: UnitOfWork,
  files: readonly ReadClientFile[],
  { check, takeOver = false, prune, now }: Planning,
): Promise<ClientChange[]> {
  const names = files.map(({ name }) => name)
  const clients = files.flatMap((file) => file.clients)
  const present = await unit.clients.ofFiles(
    names,
    clients.map(({ clientId }) => clientId),
  )
  const asked = prune && { asked: await askedFor(unit, now) }
  const { changes, taken, twice } = planFiles(files, present, { takeOver, prune: asked })
  const touched = new Set(changes.map(({ clientId }) => clientId))
  const others = await unit.clientFiles.resourcesBeside(names)
  const resources = [...others, ...files.flatMap((file) => file.resources)]
  const faults = [
    ...twice.map(twiceFault),
    ...taken.map(takenFault),
    ...clients.flatMap((client) => {
      const fault = touched.has(client.clientId) ? check(client) : undefined
      return fault ? [`${client.clientId} is not valid: ${fault}`] : []
    }),
    ...resources
      .map(({ name }) => name)
      .filter((name, index, all) => index >= others.length && all.indexOf(name) < index)
      .map((name) => `the resource ${name} is named elsewhere, too`),
    ...resourceFaults(resources)
      .filter(({ index }) => index >= others.length)
      .map(({ message }) => message),
    ...(await unit.clients.servicesBeyond([...scopesOf(resources)], names)).map(
      (clientId) => `${clientId} has scopes that are of no resource any more; take them from it first`,
    ),
  ]
  if (faults.length > 0) throw new Abandon(faults)
  return changes
}

/** Says that two files name one id. */
export const twiceFault = ({ clientId, files: [one, other] }: FilePlan['twice'][number]): string =>
  `${clientId} is named by ${one} and by ${other}; leave it in one of them`

/** Who owns an id that a file names, and what can be done. */
const takenFault = ({ clientId, file, managedBy }: FilePlan['taken'][number]): string =>
  managedBy === null
    ? `${clientId} is registered by staff; choose another id, or apply with --take-over`
    : `${clientId} is registered by ${managedBy}, and ${file} does not take it; to move it, take its entry out there and apply both together`

/** Ids of clients whose removal waits for a second person. */
async function askedFor(unit: UnitOfWork, now: Date): Promise<Set<string>> {
  const open = await unit.approvals.open(now)
  return new Set(open.filter(({ act }) => act === 'client.remove').map(({ subject }) => subject))
}
