import type { RegisteredClient } from '../../domain/clients/client.ts'
import { clientIdPattern } from '../../domain/clients/rules.ts'
import type { Stores } from '../../stores/index.ts'
import { createBriefCache } from './brief-cache.ts'

/** Milliseconds for which an answer counts: whoever is suspended is let in nowhere after five seconds, the question included. */
const freshFor = 4000

/** Clients that are in use at a time, and ids that nobody has. */
const most = { found: 2000, missing: 1000 }

/**
 * Creates the one place where a process looks clients up. It asks the database for who is asked for, when it is asked: how many are
 * registered matters to nobody.
 */
export function createClientDirectory(stores: Pick<Stores, 'clients' | 'clientFiles'>, now: () => number) {
  const client = createBriefCache<RegisteredClient>({
    load: async (clientId) => (await stores.clients.lookUp(clientId)) ?? undefined,
    ...{ freshFor, most, now },
  })
  const defaultId = createBriefCache<string>({
    load: async () => (await stores.clientFiles.defaultClient()) ?? undefined,
    ...{ freshFor, most, now },
  })
  /** Gives the client of this id, suspended or not; what can be no id is not looked for. */
  const find = async (clientId: string) => (clientIdPattern.test(clientId) ? await client(clientId) : undefined)
  return {
    find,
    /** The application that a sign-in leads to when nobody asked, kept out or not; undefined: none is named. */
    async defaultClient(): Promise<RegisteredClient | undefined> {
      const clientId = await defaultId('')
      return clientId === undefined ? undefined : await find(clientId)
    },
  }
}
