import { createClient, ownAddress } from '../../support/client.ts'
import { freshNumbers } from '../../support/register.ts'
import { begin, enterPassword, somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { anyMoment, pause, settled } from '../parts/chance.ts'
import { createWay, insistOn } from '../parts/member.ts'
import { createReport, findFaults, type Report, type ReportBuilder } from '../parts/report.ts'

type Kind = 'single' | 'sentinel' | 'cluster'
type Fault<K extends Kind> = {
  name: string
  strike(world: Installation<K>): Promise<void>
  mend?(world: Installation<K>): Promise<void>
}

const single: Fault<'single'>[] = [
  { name: 'killed and started', strike: ({ redis }) => redis.kill(), mend: ({ redis }) => redis.start() },
  { name: 'emptied', strike: ({ redis }) => redis.flush() },
  {
    name: 'hanging for a while',
    strike: async ({ redis }) => redis.pause(),
    mend: async ({ redis }) => redis.resume(),
  },
]
const sentinel: Fault<'sentinel'>[] = [
  { name: 'primary killed, replica takes over', strike: async ({ redis }) => await (await redis.primary()).kill() },
]
const cluster: Fault<'cluster'>[] = [
  { name: 'one primary of three killed', strike: async ({ redis }) => await (await redis.primaries())[0]?.kill() },
]

/**
 * Redis is lost in every way during sign-ins: those under way begin anew, nothing else is lost, and sign-ins work again without anybody
 * doing anything.
 */
export async function redis(print: (line: string) => void = () => {}): Promise<Report> {
  const report = createReport('redis', print)
  await onKind('single', single, report)
  await onKind('sentinel', sentinel, report)
  await onKind('cluster', cluster, report)
  return report.end()
}

async function onKind<K extends Kind>(kind: K, faults: Fault<K>[], report: ReportBuilder): Promise<void> {
  const world = await startInstallation<K>({ redis: kind })
  try {
    const [number = ''] = freshNumbers(1)
    await world.operators.importMembers([number])
    const person = somebody(number)
    const steps = createWay(world, person)
    for (const step of steps.slice(0, 4)) await insistOn(world, person, step, 90)
    const later = steps[4]
    for (const fault of later ? faults : [])
      await report.round(`${kind}: ${fault.name}`, async () => {
        // Somebody else has only begun: his page leads on, whatever became of it.
        const open = createClient(ownAddress())
        await begin(open, world.app)
        const taking = settled(insistOn(world, person, later as never, 90))
        await anyMoment(1000)
        await fault.strike(world)
        await pause(1500)
        await fault.mend?.(world)
        const { error } = await taking
        if (error) return [error.message]
        const { status } = await enterPassword(open, person)
        const wrong = [200, 410, 503].includes(status) ? [] : [`a sign-in under way was answered with ${status}`]
        return [...wrong, ...(await findFaults(world))]
      })
  } finally {
    await world.close()
  }
}
