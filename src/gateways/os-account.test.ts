import { describe, expect, it } from 'vitest'
import { osAccount } from './os-account.ts'

const passwd = 'root:x:0:0::/root:/bin/sh\nk.weber:x:1001:1001::/home/k.weber:/bin/bash\n'
const machine = (files: Record<string, string>, self: () => { uid: number; username: string }) => ({
  read: (path: string) => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  },
  self,
})
const node = () => ({ uid: 1000, username: 'node' })
const unknown = () => {
  throw new Error('no such user')
}

describe('the account of the operating system', () => {
  it.each([
    ['who logged in, whatever sudo made of him', { '/proc/self/loginuid': '1001', '/etc/passwd': passwd }, 'k.weber'],
    ['his number, where the name is not known', { '/proc/self/loginuid': '4711', '/etc/passwd': passwd }, 'uid-4711'],
    ['the account of the process in a container', { '/proc/self/loginuid': '4294967295' }, 'node'],
    ['the account of the process where the kernel tells nothing', {}, 'node'],
    ['the account of the process, when that one logged in', { '/proc/self/loginuid': '1000' }, 'node'],
  ])('is %s', (_, files, account) => {
    expect(osAccount(machine(files, node))).toBe(account)
  })

  it('takes no word of a variable', () => {
    const before = process.env.SUDO_USER
    process.env.SUDO_USER = 'somebody.else'
    expect(osAccount(machine({}, node))).toBe('node')
    if (before === undefined) delete process.env.SUDO_USER
    else process.env.SUDO_USER = before
  })

  it('is a number where the process has no name, as under an arbitrary user of a container', () => {
    expect(osAccount(machine({}, unknown))).toBe(`uid-${process.getuid?.()}`)
  })

  it('holds nothing that an actor could not', () => {
    expect(osAccount(machine({}, () => ({ uid: 5, username: 'AOK\\K Weber (os:x)' })))).toBe('aok\\k_weber__os_x_')
  })
})
