import { PGlite } from '@electric-sql/pglite'

// A program of its own: makes an empty database in the folder it is given, as PGlite does when it finds none.
const db = await PGlite.create({ dataDir: process.argv[2] })
await db.close()
