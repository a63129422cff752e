import { setTimeout as wait } from 'node:timers/promises'
import { type Tapped, tapPostgres, tapRedis } from '../../support/wire.ts'
import { startSmsSink } from '../sms-gateway.ts'
import { applicationVariables, liftLimits, startApplication } from '../subjects/application.ts'
import { createMembers } from '../subjects/members.ts'
import type { Subject } from '../subjects/revision.ts'
import { createStorage } from '../subjects/storage.ts'
import { type Bench, type Figure, less, type Row } from './row.ts'
import { createSignInWork } from './sign-in.ts'

const rounds = 20

/** What one later sign-in asks of the stores, the delivery of its SMS included, counted on the line to them. */
export const statementsRow: Row = {
  name: 'statements',
  about: 'SQL statements, Redis commands and round trips of one later sign-in, counted on the line to the servers',
  needsServers: true,
  async measure(bench: Bench): Promise<Figure[][]> {
    const results: Figure[][] = []
    for (const [index, subject] of bench.subjects.entries()) results.push(await count(subject, index + 2, bench))
    return results
  },
}

async function count(subject: Subject, index: number, { cleanUps }: Bench): Promise<Figure[]> {
  const storage = await createStorage(cleanUps, { index })
  const lines = [await tapPostgres(storage.servers?.postgres ?? ''), await tapRedis(storage.servers?.redis ?? '')]
  for (const line of lines) cleanUps.add(line.close)
  const sms = await startSmsSink()
  cleanUps.add(sms.close)
  const [database, redis] = lines as [Tapped, Tapped]
  const tapped = { ...storage.variables, DATABASE_URL: database.url, REDIS_URL: redis.url }
  const variables = { ...applicationVariables(tapped, 1, sms), CONFIG_DIR: await liftLimits(subject, cleanUps) }
  const app = await startApplication(subject, variables)
  const stop = cleanUps.add(app.stop)
  const members = await createMembers({ subject, app, variables, sms, cleanUps }, 5)
  const signIn = createSignInWork({ app, members, sms }, 1)
  // Scripts, prepared statements and what is kept for a minute.
  await signIn()
  await wait(1000)
  const takeAll = () => [database.take(), redis.take()] as const
  takeAll()
  const begun = performance.now()
  for (let round = 0; round < rounds; round++) await signIn()
  const busy = takeAll()
  // What is asked all the time belongs to no sign-in.
  await wait(performance.now() - begun)
  const idle = takeAll()
  await stop()
  const asked = (which: 0 | 1) => (busy[which].said.length - idle[which].said.length) / rounds
  const trips = (which: 0 | 1) => (busy[which].roundTrips - idle[which].roundTrips) / rounds
  return [
    less('SQL statements', asked(0), 'per sign-in'),
    less('round trips to PostgreSQL', trips(0), 'per sign-in'),
    less('Redis commands', asked(1), 'per sign-in'),
    less('round trips to Redis', trips(1), 'per sign-in'),
  ]
}
