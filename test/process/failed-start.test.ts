import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'

it('closes what it had opened when a start fails in the middle, and tells the fault of the start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-failed-start-'))
  copyTemplate(dataDir, 'migrated')
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  const { port } = taken.address() as AddressInfo
  const free = createServer()
  await once(free.listen(0, '127.0.0.1'), 'listening')
  const { port: own } = free.address() as AddressInfo
  await once(free.close(), 'close')
  const settings = { DATA_DIR: dataDir, PORT: String(own), DEMO_PORT: String(port), LOG_LEVEL: 'silent' }
  // By then port, database and keys are open.
  await expect(startApp(loadConfig(settings))).rejects.toThrow(/DEMO_PORT/)
  // The folder of the database is free again, and no process holds keys.
  const database = await openDatabase({ dataDir })
  expect(await database.knex('key_holders')).toEqual([])
  await database.close()
  // So is the port.
  const next = createServer()
  await once(next.listen(own, '127.0.0.1'), 'listening')
  next.close()
  taken.close()
  await rm(dataDir, { recursive: true })
})
