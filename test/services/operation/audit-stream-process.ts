import { createAuditReceiver } from '../../../src/gateways/audit-stream/receiver.ts'
import { createAuditStream, deliveryTimeout } from '../../../src/services/operation/audit-stream.ts'
import { openDatabase } from '../../../src/stores/database/database.ts'
import { createServiceWorld } from '../../support/services.ts'

/** A worker that sends the audit log: `<database url> <receiver> <events of one delivery>`; ends when all is sent. */
const [url = '', receiver = '', events = ''] = process.argv.slice(2)
const database = await openDatabase({ url, poolSize: 2 })
const { stores, clock } = createServiceWorld(database.knex)
const stream = createAuditStream({
  ...{ stream: stores.auditStream, clock, alerts: { raise: async () => true } },
  receiver: createAuditReceiver({ url: new URL(receiver), files: {}, hostname: 'a', timeout: deliveryTimeout }),
  most: { events: Number(events), characters: 500_000 },
})
process.stdout.write('ready\n')
while ((await stream.status()).waiting > 0) await stream.run()
await database.close()
