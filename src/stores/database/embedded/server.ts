import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { shareOneSession } from './one-session.ts'

// Runs in a worker thread, so that the database's work never holds up the event loop of the web process.
const { dataDir, socketPath } = workerData as { dataDir: string; socketPath: string }
mkdirSync(dataDir, { recursive: true, mode: 0o700 })
mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 })
// A development database: the 160 MB that initdb reserves for buffers would stay resident.
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']
const db = await PGlite.create({ dataDir, startParams })
const server = new PGLiteSocketServer({ db: shareOneSession(db), path: socketPath, maxConnections: 64 })
await server.start()
parentPort?.on('message', async () => {
  await server.stop()
  await db.close()
  parentPort?.postMessage('stopped')
  parentPort?.close()
})
parentPort?.postMessage('ready')
