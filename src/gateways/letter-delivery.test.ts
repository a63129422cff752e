import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createLetterSpool, type PrintJob } from './letter-delivery.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-spool-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const recipient = { name: 'Erika Mustermann', street: 'Lindenweg 3', postalCode: '80331', city: 'München' }
const job: PrintJob = {
  runId: '6f1c',
  postingDay: '2027-03-12',
  pdf: new TextEncoder().encode('%PDF-1.7'),
  letters: [
    {
      id: 'letter-1',
      kind: 'account_exists',
      recipient,
      date: '2027-03-12',
      registeredOn: '2027-03-10',
      maskedMobile: '+49 151 ••••• 71',
      helpUrl: 'https://anmeldung.example.org/hilfe',
      largePrint: false,
    },
  ],
  numbers: new Map([['letter-1', 'A123456780']]),
}

it('lays down the PDF and a manifest without personal data; a repeat leaves the same', async () => {
  const spool = createLetterSpool(folder)
  await spool.deliver(job)
  await spool.deliver(job)
  expect(readdirSync(folder).sort()).toEqual(['6f1c.json', '6f1c.pdf'])
  const manifest = readFileSync(join(folder, '6f1c.json'), 'utf8')
  expect(JSON.parse(manifest)).toMatchObject({
    postingDay: '2027-03-12',
    count: 1,
    sha256: createHash('sha256').update(job.pdf).digest('hex'),
  })
  await spool.withdraw(job.runId, 'posted')
  expect(readdirSync(folder)).toEqual(['6f1c.json'])
  await spool.withdraw(job.runId, 'cancelled')
  expect(readdirSync(folder).sort()).toEqual(['6f1c.cancelled', '6f1c.json'])
  expect(manifest).not.toMatch(/Mustermann|A123456780|Lindenweg/)
})
