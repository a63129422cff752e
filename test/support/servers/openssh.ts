import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { sshdPath } from '../machine/programs.ts'
import { endProcess, freePort, run, until } from './processes.ts'

/** An OpenSSH server of a test's own on loopback that speaks SFTP only, for the user who runs the test. */
export type OpenSshServer = {
  port: number
  user: string
  /** A folder that the user may write to. */
  folder: string
  /** Private keys: the one that the server accepts, and one that it does not know. */
  keyFile: string
  strangerKeyFile: string
  /** SHA-256 of the host key, as `ssh-keygen -l` shows it. */
  fingerprint: string
  start(): Promise<void>
  /** Ends it with everybody who is connected. */
  stop(): Promise<void>
  /** Holds it and everybody who is connected, as a machine that hangs; `resume` lets them go on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Shows another host key from the next start on. */
  changeHostKey(): Promise<void>
  /** Ends it and deletes its files. */
  remove(): Promise<void>
}

/**
 * `subsystem`: what serves SFTP, for servers with fewer extensions; one inside the server, because the shell of the user starts
 * every other. `fileBlocks`: 512 bytes each; a longer file cannot be written, as on a full disk.
 */
type Options = { subsystem?: string; fileBlocks?: number }

/** Starts a server with keys of its own. @throws Error when there is no program for it */
export async function startOpenSsh({ subsystem = 'internal-sftp', fileBlocks }: Options = {}): Promise<OpenSshServer> {
  const sshd = sshdPath()
  if (!sshd) throw new Error('The program of an OpenSSH server is missing; set SSHD_PATH.')
  // Started as root it gives up its rights in a folder that has to be there.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const home = mkdtempSync(join(tmpdir(), 'sshd-'))
  const place = (name: string) => join(home, name)
  for (const name of ['host', 'member', 'stranger']) await makeKey(place(name))
  mkdirSync(place('folder'))
  const port = await freePort()
  writeFileSync(place('authorized_keys'), readFileSync(place('member.pub')), { mode: 0o600 })
  writeFileSync(place('sshd_config'), settings({ home, port, subsystem }))
  let child: ChildProcess | undefined
  const signal = async (name: NodeJS.Signals) => {
    for (const pid of await family(child?.pid)) process.kill(pid, name)
  }
  const server: OpenSshServer = {
    port,
    user: userInfo().username,
    folder: place('folder'),
    keyFile: place('member'),
    strangerKeyFile: place('stranger'),
    fingerprint: await fingerprint(place('host.pub')),
    async start() {
      const program = [sshd, '-D', '-e', '-f', place('sshd_config')]
      // Without the signal the write fails instead of the process.
      const bounded = ['-c', `trap "" XFSZ; ulimit -f ${fileBlocks}; exec "$0" "$@"`, ...program]
      const [command = '', ...args] = fileBlocks ? ['/bin/sh', ...bounded] : program
      child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      let log = ''
      child.stderr?.on('data', (chunk) => {
        log += chunk
      })
      await until('the OpenSSH server listens', async () => {
        if (child?.exitCode !== null) throw new Error(log)
        return log.includes('Server listening')
      })
    },
    async stop() {
      await signal('SIGKILL').catch(() => {})
      await endProcess(child, 'SIGKILL')
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async changeHostKey() {
      for (const name of ['host', 'host.pub']) rmSync(place(name))
      await makeKey(place('host'))
    },
    async remove() {
      await server.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

const makeKey = (path: string) => run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path])

async function fingerprint(path: string): Promise<string> {
  return (await run('ssh-keygen', ['-l', '-f', path])).split(' ')[1] ?? ''
}

function settings({ home, port, subsystem }: { home: string; port: number; subsystem: string }): string {
  chmodSync(home, 0o700)
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(home, 'host')}`,
    `AuthorizedKeysFile ${join(home, 'authorized_keys')}`,
    'PidFile none',
    // The folder for temporary files belongs to everybody.
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PubkeyAuthentication yes',
    'PermitRootLogin prohibit-password',
    'PermitTTY no',
    'AllowTcpForwarding no',
    'LogLevel INFO',
    `Subsystem sftp ${subsystem}`,
  ]
  return `${lines.join('\n')}\n`
}

/** A process with all who come from it. */
async function family(pid: number | undefined): Promise<number[]> {
  if (pid === undefined) return []
  const text = await run('ps', ['-e', '-o', 'pid=,ppid='])
  const rows = text.split('\n').flatMap((line) => {
    const [own, parent] = line.trim().split(/\s+/).map(Number)
    return own && parent !== undefined ? [{ own, parent }] : []
  })
  const known = [pid]
  for (const member of known) known.push(...rows.filter(({ parent }) => parent === member).map(({ own }) => own))
  return known
}
