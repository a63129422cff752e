import type { Database } from '../database/database.ts'

/** Creates the store of the installation's own few facts (demo data loaded, offset of the development clock). */
export function createSettingStore(db: Database) {
  return {
    get: async (name: string): Promise<string | null> => (await db('settings').where({ name }).first())?.value ?? null,
    set: (name: string, value: string) => db('settings').insert({ name, value }).onConflict('name').merge(),
  }
}
