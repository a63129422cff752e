import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { calmConfigDir } from '../support/calm.ts'
import { bare } from '../support/machine/child.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'
import { waitFor } from '../support/wait.ts'

/** A supervisor knows npm's process id alone, and signals no group. */
it('npm start ends the provider, and not npm alone, at SIGTERM', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-npm-'))
  copyTemplate(dataDir, 'migrated')
  const npm = spawn('npm', ['start'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...bare, PORT: '0', DEMO_PORT: '0', CONFIG_DIR: calmConfigDir(), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  try {
    let out = ''
    npm.stdout.on('data', (chunk) => {
      out += chunk
    })
    const line = await waitFor(() => out.split('\n').find((each) => /"msg":"ready".*}$/.test(each)), 60)
    const live = `${JSON.parse(line).issuer}/health/live`
    expect((await fetch(live)).status).toBe(200)
    const ended = once(npm, 'exit')
    npm.kill('SIGTERM')
    await ended
    await expect(fetch(live)).rejects.toThrow()
  } finally {
    try {
      process.kill(-(npm.pid as number), 'SIGKILL')
    } catch {
      // Nobody is left.
    }
    await rm(dataDir, { recursive: true, force: true })
  }
}, 120_000)
