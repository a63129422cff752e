import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createMemberImport } from '../../../src/services/register/member-import.ts'
import { holdWhile, type ImportOptions } from '../../../src/services/register/member-import-job.ts'
import { createPersonSealing } from '../../../src/services/register/person-sealing.ts'
import { writeMemberFile } from '../../bench/member-file.ts'
import { loadToPrintable } from '../../support/printable.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

describeOnDatabase('an import of the register', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-import-'))
  const file = join(folder, 'members.csv')
  afterAll(() => rmSync(folder, { recursive: true }))
  beforeEach(async () => {
    await database()('insured_persons').delete()
    await writeMemberFile(file, { count: 5000 })
  })

  function importFile(options: Partial<ImportOptions> = {}) {
    const { stores, transaction, clock, protection } = createServiceWorld(database())
    const onChanged = async () => {}
    const openSealing = () => createPersonSealing(protection)
    const members = createMemberImport({
      ...{
        stores,
        transaction,
        suspiciousShare: 0.02,
        loadToPrintable: async () => loadToPrintable(),
        onChanged,
        openSealing,
      },
    })
    return members.importFile(file, { now: clock.now(), ...options })
  }
  const count = async () => Number((await database()('insured_persons').count('* as n').first())?.n)

  it.each([
    ['longer', () => appendFileSync(file, 'x')],
    ['newer', () => utimesSync(file, new Date(), new Date(Date.now() + 5000))],
  ])('refuses a file that has become %s between judging and applying, before anything is written', async (_, write) => {
    const judged = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) => {
      if (bytes === totalBytes / 2) write()
    }
    await expect(importFile({ onProgress: judged })).rejects.toMatchObject({ reason: 'changed' })
    expect(await count()).toBe(0)
    expect(await database()('member_import_leases').first()).toBeUndefined()
    expect(await importFile({ skipBad: true })).toMatchObject({ added: 5000 })
  })

  it('keeps others out while one statement takes longer than its lease', async () => {
    const { stores } = createServiceWorld(database())
    const id = randomUUID()
    expect(await stores.memberImports.begin(id)).toBeNull()
    const lease = () => database()('member_import_leases').where('busy_until', '>', database().raw('clock_timestamp()'))
    const longStatement = async () => {
      await database()('member_import_leases').update({ busy_until: new Date(0) })
      await expect.poll(() => lease().first()).toMatchObject({ import_id: id })
    }
    await holdWhile({ id, options: { now: new Date() }, stores }, longStatement, 50)
    await stores.memberImports.end(id)
  })
})
