import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PrintFile, PrintJob } from './letter-delivery.ts'
import { createLetterSpool } from './letter-spool.ts'

const runId = '0b8c5a3e-90af-4d11-8f00-c0ffee123456'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const file = (name: string, text: string): PrintFile => ({
  name: `${runId}.${name}`,
  bytes: text.length,
  sha256: sha256(text),
  async *open() {
    for (const letter of text) yield Buffer.from(letter)
  },
})
const pdf = file('pdf', '%PDF-1.7 of a run')
const manifest = file('json', '{"runId":1}')
const job = (...files: PrintFile[]): PrintJob => ({
  runId,
  postingDay: '2027-03-12',
  files,
  async *envelopes() {},
})
const names = () => readdirSync(folder).sort()
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

describe('the spool folder', () => {
  it('takes the files of a run whole, readable by the service alone; a repeat leaves the same', async () => {
    const spool = createLetterSpool(folder)
    await spool.deliver(job(pdf, manifest))
    await spool.deliver(job(pdf, manifest))
    expect(names()).toEqual([`${runId}.json`, `${runId}.pdf`])
    expect(read(`${runId}.pdf`)).toBe('%PDF-1.7 of a run')
    expect(statSync(join(folder, `${runId}.pdf`)).mode & 0o777).toBe(0o600)
  })

  it('loses the PDF when the run is posted or called back, and says that it must not be posted', async () => {
    const spool = createLetterSpool(folder)
    await spool.deliver(job(pdf, manifest))
    await spool.withdraw(runId, 'posted')
    expect(names()).toEqual([`${runId}.json`])
    await spool.withdraw(runId, 'cancelled')
    await spool.withdraw(runId, 'cancelled')
    expect(names()).toEqual([`${runId}.cancelled`, `${runId}.json`])
  })

  it('shows the manifest only behind a whole PDF, and keeps no part of a hand-over that broke', async () => {
    const broken: PrintFile = {
      ...pdf,
      async *open() {
        yield Buffer.from('%PDF')
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
    }
    const spool = createLetterSpool(folder)
    await expect(spool.deliver(job(broken, manifest))).rejects.toThrow('the disk is full')
    await expect(spool.deliver(job({ ...pdf, sha256: sha256('other') }, manifest))).rejects.toThrow('did not arrive')
    expect(names()).toEqual([])
  })

  it('sweeps up what a dead process left of the same run, and nothing else', async () => {
    const others = '.1b8c5a3e-90af-4d11-8f00-c0ffee123456.pdf.x.part'
    for (const name of [`.${runId}.pdf.x.part`, others]) writeFileSync(join(folder, name), '%PDF')
    await createLetterSpool(folder).deliver(job(pdf))
    expect(names()).toEqual([others, `${runId}.pdf`])
  })

  it('tells that a run must not be posted, also when its files cannot be deleted', async () => {
    // A folder in the place of a file: not even root may delete it so.
    mkdirSync(join(folder, `${runId}.pdf`))
    await expect(createLetterSpool(folder).withdraw(runId, 'cancelled')).rejects.toMatchObject({ name: 'SpoolFault' })
    expect(names()).toContain(`${runId}.cancelled`)
    await expect(createLetterSpool(folder).withdraw(runId, 'posted')).rejects.toMatchObject({ name: 'SpoolFault' })
  })

  it('says what is wrong with a folder that is not there', async () => {
    const spool = createLetterSpool(join(folder, 'gone'))
    const fault = { name: 'SpoolFault', code: 'ENOENT', message: expect.stringContaining('create it or mount it') }
    await expect(spool.deliver(job(pdf))).rejects.toMatchObject(fault)
    await expect(spool.receipts()).rejects.toMatchObject(fault)
  })
})

describe('receipts', () => {
  const receipt = {
    runId,
    state: 'posted',
    postedOn: '2027-03-12',
    counts: { letters: 2, sheets: 3 },
    sha256: sha256('x'),
  }
  const put = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  const received = async () => (await createLetterSpool(folder).receipts()).map((one) => one.receipt)

  it('are read as JSON or CSV, and taken off the list when settled', async () => {
    put(`${runId}.receipt.json`, receipt)
    put(
      `${runId}.receipt.csv`,
      `\ufeffrunId;state;postedOn;letters;sheets;sha256\r\n${runId};posted;2027-03-12;2;3;${receipt.sha256}\r\n`,
    )
    put('.hidden.receipt.json.part', receipt)
    put(`${runId}.json`, {})
    expect(await received()).toEqual([receipt, receipt])
    const spool = createLetterSpool(folder)
    await spool.settle(`${runId}.receipt.json`, 'followed')
    await spool.settle(`${runId}.receipt.csv`, 'refused')
    expect(await received()).toEqual([])
    expect(names()).toContain(`${runId}.receipt.csv.refused`)
  })

  it.each([
    ['not JSON', '{'],
    ['of another run', { ...receipt, runId: '1b8c5a3e-90af-4d11-8f00-c0ffee123456' }],
    ['with a field too many', { ...receipt, note: 'x' }],
    ['posted without a day', { ...receipt, postedOn: undefined }],
    ['accepted with a day', { ...receipt, state: 'accepted' }],
    ['with a day that is none', { ...receipt, postedOn: '2027-02-30' }],
    ['with counts that are none', { ...receipt, counts: { letters: -1, sheets: 1.5 } }],
    ['without a digest', { ...receipt, sha256: 'abc' }],
    ['too long', `${JSON.stringify(receipt)}${' '.repeat(70_000)}`],
  ])('that are %s are none', async (_, content) => {
    put(`${runId}.receipt.json`, content)
    expect(await received()).toEqual([null])
  })

  it('are never read through a link', async () => {
    put('elsewhere', receipt)
    symlinkSync(join(folder, 'elsewhere'), join(folder, `${runId}.receipt.json`))
    expect(await received()).toEqual([null])
  })
})
