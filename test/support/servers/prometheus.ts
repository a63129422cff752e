import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, freePort, until } from './processes.ts'

/** Starts a Prometheus that scrapes a port of loopback every second and follows a file of rules. */
export async function startPrometheus(target: number, rules: string) {
  const folder = await mkdtemp(join(tmpdir(), 'aok-prometheus-'))
  const [config, port] = [join(folder, 'prometheus.json'), await freePort()]
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'meine-aok-anmeldung', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
    }),
  )
  const process = spawn(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: 'ignore' },
  )
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  await until('Prometheus is ready', async () => (await get('/-/ready')).ok)
  return {
    /** The data of an answer of its HTTP API. @throws Error with what it says instead */
    async ask<T>(path: string): Promise<T> {
      const answer = (await (await get(`/api/v1/${path}`)).json()) as { status: string; error?: string; data: T }
      if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
      return answer.data
    },
    async close() {
      await endProcess(process)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
