import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

/** What the machine tells of who works on it; tests hand in their own. */
type Machine = {
  read(path: string): string
  self(): { uid: number; username: string }
}

const machine: Machine = { read: (path) => readFileSync(path, 'utf8'), self: userInfo }

/** The kernel's word for a process that nobody logged in to start: a container, a timer (Linux, audit login uid). */
const nobody = 0xffffffff

/**
 * Names the account of the operating system that works here: the one that logged in, which `su` and `sudo` do not change
 * (/proc/self/loginuid), else the one that the process runs as. Variables such as SUDO_USER say what their user likes.
 */
export function osAccount({ read, self }: Machine = machine): string {
  const own = attempt(self)
  const login = Number(attempt(() => read('/proc/self/loginuid')) ?? nobody)
  const uid = Number.isInteger(login) && login < nobody ? login : (own?.uid ?? process.getuid?.())
  const name = own?.uid === uid ? own?.username : nameIn(attempt(() => read('/etc/passwd')) ?? '', uid)
  return (name ?? `uid-${uid}`).toLowerCase().replace(/[^a-z0-9._@\\-]/g, '_')
}

const nameIn = (passwd: string, uid: number | undefined) =>
  passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === String(uid))?.[0]

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
