import type { Resource } from '../../domain/clients/scopes.ts'
import type { Database } from '../database/database.ts'

/** What was last taken from a file of applications. */
export type AppliedClientFile = {
  name: string
  digest: string
  /** The variables and files that it names, as they are written there. */
  restsOn: string[]
  defaultClient: string | null
}

/** Creates the store of what files of applications say beside the applications. */
export function createClientFileStore(db: Database) {
  return {
    async find(name: string): Promise<AppliedClientFile | null> {
      const row = await db('client_files').where({ name }).first()
      return row ? { name, digest: row.digest, restsOn: row.rests_on, defaultClient: row.default_client } : null
    },
    async save({ name, digest, restsOn, defaultClient }: AppliedClientFile, now: Date): Promise<void> {
      const row = { name, digest, rests_on: JSON.stringify(restsOn), default_client: defaultClient, applied_at: now }
      await db('client_files').insert(row).onConflict('name').merge()
    },
    /** Id of the application that a sign-in leads to when nobody asked; by their names, clients.yaml comes before the demo's file. */
    async defaultClient(): Promise<string | null> {
      const row = await db('client_files').whereNotNull('default_client').orderBy('name').first('default_client')
      return row?.default_client ?? null
    },
    /** Resources that others than this file look after. */
    resourcesBeside: (file: string): Promise<Resource[]> =>
      db('client_resources').whereRaw('managed_by is distinct from ?', [file]).select('name', 'scopes'),
    resources: (): Promise<Resource[]> => db('client_resources').select('name', 'scopes').orderBy('name'),
    /** Lets a file have these resources and no others. */
    async replaceResources(file: string, resources: readonly Resource[]): Promise<void> {
      await db('client_resources').where({ managed_by: file }).delete()
      const rows = resources.map(({ name, scopes }) => ({ name, scopes, managed_by: file }))
      if (rows.length > 0) await db('client_resources').insert(rows)
    },
  }
}
