import { freshNumbers } from '../../support/register.ts'
import { somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { createWay, insistOn } from '../parts/member.ts'
import { processNames } from '../parts/processes.ts'
import { createReport, findFaults, type Report } from '../parts/report.ts'

/**
 * Members go the whole way, from registration to a later sign-in; during each step of each of them one process is killed and started
 * again: with three members every process dies in every step once.
 */
export async function wholeWay(
  print: (line: string) => void = () => {},
  members: number = processNames.length,
  afterwards: (world: Installation) => Promise<void> = async () => {},
): Promise<Report> {
  const report = createReport('whole-way', print)
  const world = await startInstallation()
  try {
    const numbers = freshNumbers(members)
    await world.operators.importMembers(numbers)
    for (const [turn, number] of numbers.entries()) await goWholeWay(world, number, turn, report)
    await report.round('in the end', () => findFaults(world))
    const figures = { signIns: world.relyingParty.signedIn.length, letters: world.office.posted.length }
    await afterwards(world)
    return report.end(figures)
  } finally {
    await world.close()
  }
}

async function goWholeWay(world: Installation, number: string, turn: number, report: ReturnType<typeof createReport>) {
  const person = somebody(number)
  for (const [index, step] of createWay(world, person).entries()) {
    const victim = processNames[(turn + index) % processNames.length] ?? 'worker'
    await report.round(`${step.name}, ${victim} killed`, async () => {
      const taking = insistOn(world, person, step, 60)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 600))
      await world.processes.kill(victim)
      const [, tries] = await Promise.allSettled([world.processes.start(victim), taking])
      if (tries.status === 'rejected') throw tries.reason
      const stage = await world.inspection.stageOf(person.username)
      return stage === step.to ? [] : [`the member is ${stage} instead of ${step.to}`]
    })
  }
}
