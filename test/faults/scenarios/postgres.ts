import { freshNumbers } from '../../support/register.ts'
import { somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { anyMoment, pause, settled } from '../parts/chance.ts'
import { createWay, insistOn } from '../parts/member.ts'
import { createReport, findFaults, type Report } from '../parts/report.ts'

type Fault = { name: string; strike(world: Installation): Promise<void>; mend(world: Installation): Promise<void> }

const faults: Fault[] = [
  {
    name: 'stopped and started',
    strike: ({ postgres }) => postgres.stop(),
    mend: ({ postgres }) => postgres.start(),
  },
  {
    name: 'killed and started',
    strike: ({ postgres }) => postgres.kill(),
    mend: ({ postgres }) => postgres.start(),
  },
  {
    name: 'hanging for a while',
    strike: ({ postgres }) => postgres.pause(),
    mend: ({ postgres }) => postgres.resume(),
  },
  {
    name: 'failed over to the standby',
    strike: ({ postgres }) => postgres.kill(),
    mend: async ({ standby }) => await standby?.promote(),
  },
  {
    name: 'failed over to the first one, which came back as a standby',
    strike: async ({ postgres, standby }) => {
      if (standby) await postgres.follow(standby)
      await standby?.kill()
    },
    mend: ({ postgres }) => postgres.promote(),
  },
]

/**
 * PostgreSQL is stopped, killed, hangs, fails over and back, each during first sign-ins; the installation goes on by itself, and what it
 * had told members is there.
 */
export async function postgres(print: (line: string) => void = () => {}): Promise<Report> {
  const report = createReport('postgres', print)
  const world = await startInstallation({ standby: true })
  try {
    const numbers = freshNumbers(faults.length)
    await world.operators.importMembers(numbers)
    const members = numbers.map((number) => somebody(number))
    const ways = members.map((person) => ({ person, steps: createWay(world, person) }))
    for (const { person, steps } of ways) for (const step of steps.slice(0, 2)) await insistOn(world, person, step, 60)
    await world.operators.postLetters(world.office.posted)
    for (const [index, fault] of faults.entries()) {
      const { person, steps } = ways[index] ?? { person: somebody(''), steps: [] }
      const [first, later] = steps.slice(3)
      await report.round(fault.name, async () => {
        if (!first || !later) return ['there is no sign-in']
        const taking = settled(insistOn(world, person, first, 90))
        await anyMoment(1200)
        await fault.strike(world)
        await pause(1500)
        await fault.mend(world)
        const { error } = await taking
        if (error) return [error.message]
        await insistOn(world, person, later, 60)
        return await findFaults(world)
      })
    }
    await report.round('everybody signs in again', async () => {
      for (const { person, steps } of ways) if (steps[4]) await insistOn(world, person, steps[4], 60)
      return await findFaults(world)
    })
    return report.end({ signIns: world.relyingParty.signedIn.length })
  } finally {
    await world.close()
  }
}
