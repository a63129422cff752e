import { measureArgon2Floor } from '../argon2-floor.ts'
import { createHttpClient } from '../http-client.ts'
import { createSignIn } from '../sign-in.ts'
import { mean, measure, merge } from '../statistics.ts'
import { secret } from '../subjects/application.ts'
import type { Member } from '../subjects/members.ts'
import type { Running } from '../subjects/running.ts'
import { perWork, type Reading, readUsage, type Usage } from '../subjects/usage.ts'
import { type Bench, type Figure, inTurns, less, more, type Row } from './row.ts'

/** Makes the work of one later sign-in; each takes up the members where the last one ended. */
export function createSignInWork(
  { app: { issuer, demo }, members, sms }: Pick<Running, 'app' | 'sms'> & { members: Member[] },
  lanes: number,
) {
  const http = createHttpClient(lanes)
  const application = { issuer, clientId: 'demo-portal', clientSecret: secret, redirectUri: `${demo}/callback` }
  const signIn = createSignIn(http, sms, application)
  let next = 0
  return () => signIn(members[next++ % members.length]!)
}

type Work = ReturnType<typeof createSignInWork>

/** Later sign-ins against the argon2 floor, with the processor time that each takes where. */
export const signInRow: Row = {
  name: 'sign-in',
  about:
    'later sign-ins with mTAN, from authorization request to tokens, against the argon2 floor; processor time of each',
  needsServers: false,
  async measure({ running, turns, seconds, lanes }: Bench): Promise<Figure[][]> {
    const subjects = await running()
    const works = new Map<Running, Work>()
    for (const subject of subjects)
      works.set(subject, createSignInWork({ ...subject, members: await subject.members() }, lanes))
    const floors: number[] = []
    const results = await inTurns(turns, subjects, async (subject, turn) => {
      floors.push(await measureArgon2Floor(seconds / turns / 2))
      const before = await usageOf(subject)
      const load = { lanes, warmUpSeconds: turn === 0 ? 4 : 1, seconds: seconds / turns }
      const measured = await measure(load, works.get(subject)!)
      return { measured, usage: perWork(before, await usageOf(subject), measured.ended) }
    })
    const floor = mean(floors)
    return results.map((ofSubject) => {
      const { rate, p50, p95, failed, generatorCpu } = merge(ofSubject.map(({ measured }) => measured))
      const used = (part: keyof Usage) => mean(ofSubject.map(({ usage }) => usage[part]))
      return [
        more('later sign-ins', rate, 'per second'),
        more('share of the argon2 floor', rate / floor, `of ${floor.toFixed(1)} per second`),
        less('time, median', p50, 'ms'),
        less('time, 95 of 100', p95, 'ms'),
        less('processor time: node', used('node'), 'ms'),
        less('processor time: PostgreSQL', used('postgres'), 'ms'),
        less('processor time: Redis', used('redis'), 'ms'),
        less('failed', failed, 'sign-ins'),
        less('load generator', generatorCpu, 'of a core'),
      ]
    })
  },
}

const usageOf = ({ app, storage }: Running): Promise<Reading> => readUsage(app.pid, storage.servers)
