import { loadConfig } from '../../../src/config.ts'
import { createFieldEncryption } from '../../../src/crypto/field-encryption.ts'
import { placeOf, protectedTables } from '../../../src/stores/keys/protected-tables.ts'
import type { TestApp } from '../app.ts'
import { ask } from './database.ts'
import { scanRedis } from './redis-dump.ts'

/**
 * Reads everything that an application keeps: each row of each table with every protected value opened, and each key of Redis. One text a
 * row, with the name of its table in front.
 */
export async function dumpOf(app: TestApp): Promise<string[]> {
  const { encryptionKeys } = loadConfig({ NODE_ENV: 'development', ...app.storage }).secrets
  const encryption = createFieldEncryption(encryptionKeys)
  const tables = await ask<{ schema: string; name: string }>(
    app,
    `select table_schema as schema, table_name as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  )
  const found: string[] = []
  for (const { schema, name } of tables) {
    const spec = schema === 'public' ? protectedTables.find(({ table }) => table === name) : undefined
    for (const row of await ask(app, `select * from "${schema}"."${name}"`)) {
      const opened = (spec?.sealed ?? []).flatMap((column) =>
        row[column] ? [encryption.decrypt(row[column], placeOf(name, column, row))] : [],
      )
      const bytes = Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : ''))
      found.push([name, JSON.stringify(row), ...opened, ...bytes].join('\n'))
    }
  }
  const redis = app.storage.REDIS_URL ? await scanRedis(app.storage.REDIS_URL) : []
  for (const { key, text } of redis) {
    const [, model = '', id_hash = ''] = /:2:(\w+):\{([\w-]+)\}$/.exec(key) ?? []
    const sealed = /[\w-]+\.2\.[\w-]{16}\.[\w-]{22}\.[\w-]+/.exec(text)?.[0]
    const opened = sealed ? encryption.decrypt(sealed, placeOf('oidc_artefacts', 'payload', { model, id_hash })) : ''
    found.push(['redis', key, text, opened].join('\n'))
  }
  return found
}
