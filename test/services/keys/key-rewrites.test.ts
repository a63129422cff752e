import { expect, it } from 'vitest'
import { createKeyRewriteService } from '../../../src/services/keys/key-rewrites.ts'
import type { Alert } from '../../../src/services/operation/alerts.ts'
import { createStores } from '../../../src/stores/index.ts'
import { newAccount } from '../../support/members.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'
import { createProtection, newKey } from '../../support/stores/protection.ts'

const [fresh, old, lost] = [newKey('new'), newKey('old'), newKey('lost')]

describeOnDatabase('the rewriting of rows', (database) => {
  it('goes on past a row that no key opens, tells operators of its table and names the row in the log', async () => {
    const { stores, transaction, clock } = createServiceWorld(database(), undefined, createProtection(fresh, old))
    const good = newAccount({ username: 'good.row' })
    const bad = newAccount({ username: 'bad.row' })
    await createStores(database(), createProtection(old)).accounts.create(good)
    await createStores(database(), createProtection(lost)).accounts.create(bad)
    const alerts: Alert[] = []
    const lines: object[] = []
    const service = createKeyRewriteService({
      ...{ stores, transaction, clock },
      rings: { encryption: [fresh, old], hash: [fresh, old] },
      alerts: { raise: async (_unit, alert) => alerts.push(alert) > 0 },
      log: { error: (detail) => void lines.push(detail) },
    })
    expect(await service.run({ budget: 20_000, pause: 0 })).toMatchObject({ state: 'done' })
    expect(alerts).toEqual([{ kind: 'rows_not_rewritten', detail: { table: 'accounts' } }])
    expect(lines).toEqual([{ table: 'accounts', key: { id: bad.id } }])
    const [{ email }] = await database()('accounts').where({ id: good.id }).select('email')
    expect(email).toMatch(/new/)
  })
})
