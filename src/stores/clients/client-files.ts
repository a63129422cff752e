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
    /** Id of the application that a sign-in leads to when nobody asked: what clients.yaml says goes before what others say. */
    async defaultClient(): Promise<string | null> {
      const named = db('client_files').whereNotNull('default_client')
      const row = await named.orderByRaw('name <> \'clients.yaml\', name collate "C"').first('default_client')
      return row?.default_client ?? null
    },
    /** Resources that others than these files look after. */
    resourcesBeside: (files: readonly string[]): Promise<Resource[]> =>
      db('client_resources')
        .whereRaw('(managed_by = any(?)) is not true', [[...files]])
        .select('name', 'scopes'),
    /** Those of a file, or of all. */
    async resources(file?: string): Promise<Resource[]> {
      const rows = db('client_resources').select('name', 'scopes').orderBy('name')
      return await (file === undefined ? rows : rows.where({ managed_by: file }))
    },
    /** Lets files have these resources and no others. */
    async replaceResources(files: readonly { name: string; resources: readonly Resource[] }[]): Promise<void> {
      const names = files.map(({ name }) => name)
      await db('client_resources').whereIn('managed_by', names).delete()
      const rows = files.flatMap(({ name: managed_by, resources }) =>
        resources.map(({ name, scopes }) => ({ name, scopes, managed_by })),
      )
      if (rows.length > 0) await db('client_resources').insert(rows)
    },
  }
}
