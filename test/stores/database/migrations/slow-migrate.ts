import { openDatabase } from '../../../../src/stores/database/database.ts'
import { migrate, migrationsIn } from '../../../../src/stores/database/migrations.ts'

// A process of its own that brings the schema to the migrations of a folder; the test starts several, and kills some.
const [url = '', folder = ''] = process.argv.slice(2)
const database = await openDatabase({ url, poolSize: 4 })
console.log('started')
const applied = await migrate(database.knex, migrationsIn(folder))
console.log(`applied ${applied.length}`)
await database.close()
