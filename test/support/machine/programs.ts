import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const onPath = (...names: string[]) =>
  names.every((name) => (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name))))

/** Folder of the programs of a PostgreSQL server: PG_BIN, or the newest of Debian's packages. */
export function postgresPrograms(): string | undefined {
  if (process.env.PG_BIN) return process.env.PG_BIN
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

/** The OpenSSH server: SSHD_PATH, or Debian's. */
export const sshdPath = (): string | undefined =>
  [process.env.SSHD_PATH, '/usr/sbin/sshd'].find((path): path is string => path !== undefined && existsSync(path))

export const hasRedisPrograms = () => onPath('redis-server', 'redis-cli')
export const hasPrometheus = () => onPath('prometheus', 'promtool')
export const hasOpenssl = () => onPath('openssl')
export const hasPostgresClient = () => onPath('pg_dump', 'pg_restore')

/** How a program is started as process 1 of process numbers of its own, as in a container; undefined without the right to. */
export const ownProcessNumbers = [
  ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'],
  ['unshare', '--pid', '--fork', '--kill-child'],
].find(([program = '', ...flags]) => spawnSync(program, [...flags, 'true'], { stdio: 'ignore' }).status === 0)
