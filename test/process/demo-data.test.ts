import { beforeEach, expect, it } from 'vitest'
import { refuseDemoData } from '../../src/app/start/demo-data.ts'
import { emptyAuditLog } from '../support/audit.ts'
import { newClient } from '../support/clients.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'
import { describeOnDatabase } from '../support/stores/databases.ts'

const now = new Date('2026-11-24T09:00:00Z')

describeOnDatabase('what development leaves in a database', (database) => {
  let stores: ServiceWorld['stores']
  beforeEach(async () => {
    for (const table of ['settings', 'clients', 'client_files', 'staff']) await database()(table).delete()
    await emptyAuditLog(database())
    stores = createServiceWorld(database()).stores
  })
  const addStaff = (email: string) =>
    stores.staff.add({
      ...{ id: '8d4ae2f4-1d0f-4a0c-9a5b-2b3d1f6c7e10', email, role: 'owner', language: 'de' },
      ...{ invitedBy: 'system', invitedAt: now },
    })
  const file = { name: 'demo/clients.yaml', digest: 'x', restsOn: [], defaultClient: null }

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['its members', /: members/, () => stores.settings.set('demo_loaded', 'x')],
    ['its file of applications', /: applications/, () => stores.clientFiles.save(file, now)],
    ['its applications without their file', /: applications/, () => stores.clients.save([newClient()], file.name, now)],
    ['its staff', /: staff/, () => stores.settings.set('demo_staff_loaded', 'x')],
    ['its staff without the mark', /: staff/, () => addStaff('owner@demo.invalid')],
  ])('refuses production for %s alone', async (_, sentence, leave) => {
    await leave()
    await expect(refuseDemoData(stores)).rejects.toThrow(sentence)
    await expect(refuseDemoData(stores)).rejects.toThrow(
      /^The database holds demo data: [^.]+\. Set DATABASE_URL to one without\.$/,
    )
  })

  it('is nothing that others have registered, or cannot be opened', async () => {
    await stores.clients.save([newClient()], 'clients.yaml', now)
    await addStaff('owner@example.org')
    await refuseDemoData(stores)
    await database()('staff').update({ email: 'dev.x.y.z' })
    await refuseDemoData(stores)
  })
})
