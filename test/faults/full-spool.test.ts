import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createLetterSpool } from '../../src/gateways/letters/letter-spool.ts'
import { fillDisk } from './parts/full-disk.ts'

const codes = { 'disk full': 'ENOSPC', 'no right to write': 'EACCES', 'no folder': 'ENOTDIR' }

it('a spool folder whose disk is full takes no part of a run, and the whole of it later', async () => {
  const place = mkdtempSync(join(tmpdir(), 'spool-'))
  const folder = join(place, 'spool')
  mkdirSync(folder)
  const runId = '0b8c5a3e-90af-4d11-8f00-c0ffee123456'
  const content = Buffer.alloc(100_000, '%PDF')
  const pdf = {
    name: `${runId}.pdf`,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    async *open() {
      yield content
    },
  }
  const job = { runId, postingDay: '2027-03-12', files: [pdf], async *envelopes() {} }
  const spool = createLetterSpool(folder)
  const disk = await fillDisk(folder)
  try {
    await expect(spool.deliver(job)).rejects.toMatchObject({ name: 'SpoolFault', code: codes[disk.kind] })
    if (disk.kind === 'disk full') expect(readdirSync(folder)).toEqual([])
  } finally {
    await disk.end()
  }
  await spool.deliver(job)
  expect(readdirSync(folder)).toEqual([pdf.name])
  rmSync(place, { recursive: true })
})
