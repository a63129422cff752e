import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startChild, toApp } from '../support/machine/child.ts'
import { freshNumbers, importMembers } from '../support/register.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'

it('does not start as a sandbox on a register with other than demo persons', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aok-sandbox-'))
  copyTemplate(dataDir, 'migrated')
  const variables = { DATA_DIR: dataDir, LOG_LEVEL: 'silent' }
  const first = startChild(variables)
  const app = toApp(await first.ready, dataDir)
  const [insuranceNumber = ''] = freshNumbers(1)
  await importMembers(app, [{ insuranceNumber }])
  first.process.kill('SIGTERM')
  await first.ended

  const sandbox = startChild({ ...variables, SANDBOX: 'true', HOST: '127.0.0.1' })
  expect(await sandbox.ended).toBe(1)
  expect(sandbox.err()).toMatch(/no demo persons \(1\)[^\n]*SANDBOX/)
  rmSync(dataDir, { recursive: true })
})
