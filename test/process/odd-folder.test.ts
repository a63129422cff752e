import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { calmConfigDir } from '../support/calm.ts'
import { createClient } from '../support/client.ts'
import { bare, type Child, startChild, toApp } from '../support/machine/child.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'
import { createServerDatabase } from '../support/stores/server-database.ts'
import { signInFirst } from '../support/walk.ts'

const root = join(import.meta.dirname, '../..')
/** What means something in a URL, escapes that decode and one that does not, a blank, a letter beyond ASCII, and quotes. */
const name = `a #1 ?x=y %20 %2f 100%z ü '"`
const above = mkdtempSync(join(tmpdir(), 'aok-'))
const folder = join(above, name)
/** Packages keep the address under which they were found, so that theirs holds the odd name, too. */
const variables = { NODE_PRESERVE_SYMLINKS: '1', NODE_PRESERVE_SYMLINKS_MAIN: '1' }

beforeAll(() => {
  mkdirSync(folder)
  const image = readFileSync(join(root, 'Dockerfile'), 'utf8')
  const copied = [...image.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '))
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  // A machine that is busy with other tests is no overload.
  cpSync(calmConfigDir(), join(folder, 'config'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rmSync(above, { recursive: true, force: true }))

/** Runs a command of the copy. */
function cli(args: string[], more: Record<string, string> = {}) {
  const env = { ...bare, ...variables, ...more }
  return spawnSync(process.execPath, ['src/cli/main.ts', ...args], { cwd: folder, env, encoding: 'utf8' })
}

async function endOf(child: Child): Promise<void> {
  child.process.kill('SIGTERM')
  expect(await child.ended).toBe(0)
  expect(child.err()).toBe('')
}

it('starts in a folder of any name, migrates, serves pages, letters and files, and takes commands', async () => {
  // DATA_DIR stays ./data, so that the database and its socket have the odd name, too.
  copyTemplate(join(folder, 'data'), 'empty')
  const child = startChild(variables, [], folder)
  const app = toApp(await child.ready, join(folder, 'data'))
  const letter = await app.inbox.next('letter', 'D314159268')
  const josef = { username: 'josef.bauer', password: 'Wiesengrund-7-Almhuette', mobile: '+4915112345672' }
  expect((await fetch(`${app.issuer}${letter.pdfUrl}`)).headers.get('content-type')).toContain('application/pdf')
  expect((await fetch(`${app.issuer}/assets/main.css`)).status).toBe(200)
  const end = await signInFirst(createClient(), app, { ...josef, insuranceNumber: 'D314159268' } as never)
  expect(new URL(end.url).origin).toBe(app.demo)
  const status = cli(['db:status', '--json'])
  expect(status).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('"pending":[]') })
  expect(cli(['clients:check'])).toMatchObject({ status: 0, stderr: '' })
  await endOf(child)
  expect(cli(['doctor']).stderr).toBe('')
})

it.skipIf(process.env.TEST_WITHOUT_POSTGRES)('runs several processes there, and commands that migrate', async () => {
  const database = await createServerDatabase('empty')
  const settings = { ...variables, DATABASE_URL: database.url, DATA_DIR: join(folder, 'shared') }
  const migrated = cli(['db:migrate'], settings)
  expect([migrated.status, migrated.stderr]).toEqual([0, ''])
  const child = startChild({ ...settings, MIGRATE_ON_START: 'false', WEB_CONCURRENCY: '2' }, [], folder)
  expect((await fetch(`${(await child.ready).issuer}/registrierung`)).status).toBe(200)
  await endOf(child)
  await database.drop()
})
