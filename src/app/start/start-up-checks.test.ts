import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkStart } from './start-up-checks.ts'

let folder: string
const lines: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aok-start-'))
  lines.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

const time = new Date('2026-11-24T12:00:00Z')
const check = (config: object, there = time) =>
  checkStart({
    config: { role: 'both', letters: { driver: 'postbox' }, email: {}, ...config } as never,
    log: { warn: (detail: object, line: string) => void lines.push(`${line} ${JSON.stringify(detail)}`) } as never,
    now: () => time,
    databaseTime: async () => there,
  })

it('refuses a letter spool that cannot be written, and makes one that is missing', async () => {
  await check({ letters: { driver: 'spool', folder: join(folder, 'new/spool') } })
  const file = join(folder, 'file')
  await writeFile(file, '')
  const refused = check({ letters: { driver: 'spool', folder: join(file, 'spool') } })
  await expect(refused).rejects.toThrow(/letter spool .* cannot be written \(ENOTDIR\).*LETTER_SPOOL_DIR/)
})

it('asks no spool of a process that only answers pages', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  await check({ role: 'web', letters: { driver: 'spool', folder: join(file, 'spool') } })
})

it('warns of clocks that differ by more than five seconds', async () => {
  await check({}, new Date('2026-11-24T12:00:05Z'))
  expect(lines).toEqual([])
  await check({}, new Date('2026-11-24T11:59:53Z'))
  expect(lines).toEqual(['clock of the database differs from the one of this machine {"seconds":-7}'])
})

it('warns of a mail relay that cannot be reached, without its address', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await check({ email: { url: `smtp://user:secret@127.0.0.1:${port}` } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(lines).toEqual([])
  await new Promise((resolve) => server.close(resolve))
  await check({ email: { url: `smtp://user:secret@127.0.0.1:${port}` } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(lines).toEqual(['mail relay cannot be reached {"failure":"ECONNREFUSED"}'])
})
