import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LetterDelivery, PrintFile, PrintJob } from '../../src/gateways/letters/letter-delivery.ts'
import { createLetterSftp, type LetterSftpSettings } from '../../src/gateways/letters/letter-sftp.ts'
import { sshdPath } from '../support/machine/programs.ts'
import { type OpenSshServer, startOpenSsh } from '../support/servers/openssh.ts'
import { freePort } from '../support/servers/processes.ts'

const runId = '0b8c5a3e-90af-4d11-8f00-c0ffee123456'
const file = (name: string, content: Buffer): PrintFile => ({
  name: `${runId}.${name}`,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  async *open() {
    for (let start = 0; start < content.length; start += 65_536) yield content.subarray(start, start + 65_536)
  },
})
const pdf = file('pdf', Buffer.alloc(300_000, '%PDF-1.7 of a run'))
const manifest = file('json', Buffer.from('{"runId":1}'))
const job = (...files: PrintFile[]): PrintJob => ({ runId, postingDay: '2027-03-12', files, async *envelopes() {} })
const receipt = {
  runId,
  state: 'posted',
  postedOn: '2027-03-12',
  counts: { letters: 2, sheets: 3 },
  sha256: 'a'.repeat(64),
}

let server: OpenSshServer
let unknown: string[]
const names = () => readdirSync(server.folder).sort()
const open = (changes: Partial<LetterSftpSettings> = {}): LetterDelivery =>
  createLetterSftp({
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    folder: server.folder,
    keyFile: server.keyFile,
    hostKeys: [server.fingerprint],
    timeouts: { connect: 3000, idle: 1500, whole: 10_000 },
    reportUnknownKey: (fingerprint) => unknown.push(fingerprint),
    ...changes,
  })
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error) => error.code,
  )

beforeEach(() => {
  unknown = []
})

describe.skipIf(!sshdPath())('the print shop by SFTP', () => {
  beforeAll(async () => {
    server = await startOpenSsh()
  })
  afterAll(() => server.remove())
  beforeEach(() => {
    for (const name of names()) rmSync(join(server.folder, name))
  })

  it('takes the files of a run whole, readable by its user alone; a repeat leaves the same', async () => {
    const shop = open()
    await shop.deliver(job(pdf, manifest))
    await shop.deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
    expect(readFileSync(join(server.folder, `${runId}.pdf`)).length).toBe(pdf.bytes)
    expect(statSync(join(server.folder, `${runId}.pdf`)).mode & 0o777).toBe(0o600)
  })

  it('loses the PDF when the run is posted or called back, and says that it must not be posted', async () => {
    const shop = open()
    await shop.deliver(job(pdf, manifest))
    await shop.withdraw(runId, 'posted')
    expect(names()).toEqual([`${runId}.json`])
    await shop.withdraw(runId, 'cancelled')
    await shop.withdraw(runId, 'cancelled')
    expect(names()).toEqual([`${runId}.cancelled`, `${runId}.json`])
  })

  it('shows no manifest when a hand-over broke, and the next one removes what was left', async () => {
    const died: PrintFile = {
      ...pdf,
      async *open() {
        yield Buffer.from('%PDF')
        throw new Error('database gone')
      },
    }
    await expect(open().deliver(job(died, manifest))).rejects.toThrow()
    const short: PrintFile = { ...pdf, open: manifest.open }
    expect(await code(open().deliver(job(short, manifest)))).toBe('EINTEGRITY')
    expect(names().filter((name) => !name.startsWith('.'))).toEqual([])
    writeFileSync(join(server.folder, `.${runId}.pdf.old.part`), 'half of it')
    await open().deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
  })

  it('reads receipts, follows no link, and moves what was taken', async () => {
    const place = (name: string) => join(server.folder, name)
    const other = '1b8c5a3e-90af-4d11-8f00-c0ffee123456'
    const third = '2b8c5a3e-90af-4d11-8f00-c0ffee123456'
    writeFileSync(place('writing'), JSON.stringify(receipt))
    renameSync(place('writing'), place(`${runId}.receipt.json`))
    symlinkSync('/etc/passwd', place(`${other}.receipt.json`))
    writeFileSync(place(`${third}.receipt.csv`), Buffer.alloc(100_000, 'x'))
    const shop = open()
    expect(await shop.receipts()).toEqual([
      { name: `${runId}.receipt.json`, receipt },
      { name: `${other}.receipt.json`, receipt: null },
      { name: `${third}.receipt.csv`, receipt: null },
    ])
    await shop.settle(`${runId}.receipt.json`, 'followed')
    await shop.settle(`${other}.receipt.json`, 'refused')
    expect(await shop.receipts()).toHaveLength(1)
    expect(names()).toContain(`${runId}.receipt.json.followed`)
    expect(names()).toContain(`${other}.receipt.json.refused`)
  })

  it('names what keeps it from the folder', async () => {
    expect(await code(open({ keyFile: server.strangerKeyFile }).deliver(job(pdf)))).toBe('EAUTH')
    expect(await code(open({ folder: '/nowhere' }).deliver(job(pdf)))).toBe('ENOENT')
    expect(await code(open({ port: await freePort() }).deliver(job(pdf)))).toBe('ECONNREFUSED')
    expect(names()).toEqual([])
    expect(() => open({ keyFile: `${server.keyFile}.pub` })).toThrow('no private key')
    expect(() => open({ keyFile: '/nowhere' })).toThrow('cannot be read (ENOENT)')
  })

  it('gives up on a server that hangs in the middle, and hands over whole when it is back', async () => {
    const hanging: PrintFile = {
      ...pdf,
      async *open() {
        yield* pdf.open()
        await server.pause()
        yield Buffer.alloc(10_000_000)
      },
    }
    const begun = performance.now()
    expect(await code(open().deliver(job(hanging, manifest)))).toBe('ETIMEDOUT')
    expect(performance.now() - begun).toBeLessThan(8000)
    await server.resume()
    await open().deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
  })

  it('gives up on a server that dies in the middle', async () => {
    const dying: PrintFile = {
      ...pdf,
      async *open() {
        yield* pdf.open()
        await server.stop()
        yield Buffer.alloc(10_000_000)
      },
    }
    expect(await code(open().deliver(job(dying, manifest)))).toBe('ECONNRESET')
    await server.start()
    await open().deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
  })

  it('sends nothing to a server with a key that is not pinned, and tells of it', async () => {
    await server.stop()
    await server.changeHostKey()
    await server.start()
    const shop = open()
    expect(await code(shop.deliver(job(pdf, manifest)))).toBe('EHOSTKEY')
    expect(await code(shop.receipts())).toBe('EHOSTKEY')
    expect(names()).toEqual([])
    expect(unknown).toHaveLength(2)
    expect(unknown[0]).toMatch(/^SHA256:/)
    expect(unknown[0]).not.toBe(server.fingerprint)
    const told = open({ hostKeys: [server.fingerprint, unknown[0] ?? ''] })
    await told.deliver(job(pdf, manifest))
    expect(names()).toHaveLength(2)
  })
})

describe.skipIf(!sshdPath())('a print shop with a server of its own kind', () => {
  let special: OpenSshServer
  afterEach(() => special.remove())

  it('that renames over nothing still gets a repeat', async () => {
    special = server = await startOpenSsh({ subsystem: 'internal-sftp -P posix-rename' })
    const shop = open()
    await shop.deliver(job(pdf, manifest))
    await shop.deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
  })

  it('that lets nobody delete is told all the same that a run must not be posted', async () => {
    special = server = await startOpenSsh({ subsystem: 'internal-sftp -P remove' })
    const shop = open()
    await shop.deliver(job(pdf, manifest))
    expect(await code(shop.withdraw(runId, 'cancelled'))).toBe('EACCES')
    expect(names()).toContain(`${runId}.cancelled`)
    // As long as it is there it is not written again.
    const { mtimeMs, ino } = statSync(join(server.folder, `${runId}.cancelled`))
    expect(await code(shop.withdraw(runId, 'cancelled'))).toBe('EACCES')
    expect(statSync(join(server.folder, `${runId}.cancelled`))).toMatchObject({ mtimeMs, ino })
    expect(await code(shop.withdraw(runId, 'posted'))).toBe('EACCES')
  })

  it('that lets nobody rename still loses the PDF, and says why it has nothing', async () => {
    special = server = await startOpenSsh({ subsystem: 'internal-sftp -P rename,posix-rename' })
    const shop = open()
    expect(await code(shop.deliver(job(pdf, manifest)))).toBe('EACCES')
    expect(names()).toEqual([])
    writeFileSync(join(server.folder, `${runId}.pdf`), '%PDF')
    expect(await code(shop.withdraw(runId, 'cancelled'))).toBe('EACCES')
    expect(names()).toEqual([])
    writeFileSync(join(server.folder, `${runId}.receipt.json`), JSON.stringify(receipt))
    expect(await shop.receipts()).toEqual([{ name: `${runId}.receipt.json`, receipt }])
    expect(await code(shop.settle(`${runId}.receipt.json`, 'followed'))).toBe('EACCES')
  })

  it('whose disk is full keeps no part', async () => {
    special = server = await startOpenSsh({ fileBlocks: 128 })
    expect(await code(open().deliver(job(pdf, manifest)))).toBe('EFAILURE')
    expect(names()).toEqual([])
  })
})

describe('what is no SFTP server', () => {
  const silent = createServer(() => {})
  let port = 0
  beforeAll(async () => {
    server = await startOpenSsh()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    port = (silent.address() as { port: number }).port
  })
  afterAll(async () => {
    silent.close()
    await server.remove()
  })

  it('is left when it says nothing', async () => {
    expect(await code(open({ port, timeouts: { connect: 800, idle: 5000, whole: 9000 } }).receipts())).toBe('ETIMEDOUT')
    expect(await code(open({ port, timeouts: { connect: 5000, idle: 5000, whole: 800 } }).receipts())).toBe('ETIMEDOUT')
  })
})

/** A server of ssh2 that ends the line with a reason of SSH (RFC 4253, 11.1), while signing in or afterwards. */
async function startRude(when: 'signing in' | 'signed in', reason: number, algorithms?: ssh2.Algorithms) {
  // Of its Ed25519 keys ssh2 cannot read one in some hundred again (findings/ssh2-generates-unreadable-keys.sh).
  const key = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
  const rude = new ssh2.Server({ hostKeys: [key.private], ...(algorithms && { algorithms }) }, (client) => {
    const end = () =>
      (client as unknown as { _protocol: { disconnect(reason: number): void } })._protocol.disconnect(reason)
    client.on('error', () => {})
    client.on('authentication', (context) => (when === 'signing in' ? end() : context.accept()))
    client.on('session', (accept) => accept().on('sftp', (open) => open().on('REALPATH', end).on('OPENDIR', end)))
  })
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
  const parsed = ssh2.utils.parseKey(key.public) as ssh2.ParsedKey
  const fingerprint = `SHA256:${createHash('sha256').update(parsed.getPublicSSH()).digest('base64').replace(/=+$/, '')}`
  return { port: (rude.address() as AddressInfo).port, fingerprint, close: () => rude.close() }
}

describe.skipIf(!sshdPath())('a server that ends the line', () => {
  beforeAll(async () => {
    server = await startOpenSsh()
  })
  afterAll(() => server.remove())

  it.each([
    // 2: OpenSSH after too many tries; as a number of SFTP it would be "no such file".
    ['signing in', 2, 'EAUTH'],
    ['signing in', 14, 'EAUTH'],
    ['signing in', 12, 'EBUSY'],
    ['signing in', 1, 'ENOTALLOWED'],
    ['signing in', 7, 'ENOSERVICE'],
    ['signed in', 2, 'EPROTOCOL'],
    // 3: as a number of SFTP it would be "permission denied".
    ['signed in', 3, 'EKEX'],
    ['signed in', 4, 'EPROTOCOL'],
    ['signed in', 10, 'ECONNRESET'],
    ['signed in', 12, 'EBUSY'],
  ] as const)('while %s with reason %i is understood as %s', async (when, reason, expected) => {
    const rude = await startRude(when, reason)
    const given = { port: rude.port, hostKeys: [rude.fingerprint] }
    expect(await code(open(given).receipts())).toBe(expected)
    expect(await code(open(given).withdraw(runId, 'cancelled'))).toBe(expected)
    rude.close()
  })

  it('because no algorithm fits', async () => {
    const rude = await startRude('signed in', 11, { cipher: ['aes128-cbc'] })
    expect(await code(open({ port: rude.port, hostKeys: [rude.fingerprint] }).receipts())).toBe('EKEX')
    rude.close()
  })
})
