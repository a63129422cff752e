import { freshNumbers } from '../../support/register.ts'
import { somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { anyMoment, oneOf, settled } from '../parts/chance.ts'
import { createWay, insistOn, isBetween, type MemberStep } from '../parts/member.ts'
import { processNames } from '../parts/processes.ts'
import { createReport, findFaults, type Report } from '../parts/report.ts'

/** Milliseconds after its begin within which a step is over; a process is killed somewhere in them. */
const longest = 1500

const cleanUps = ['clean-up', 'oidc-clean-up', 'not-activated', 'audit-seal'] as const

/**
 * Kills a process at a random point of a random member's next step or of a clean-up, `rounds` times. After each round the member is
 * where he was or one step further, `doctor` finds nothing and nothing was done twice; then he takes the step again.
 */
export async function kills(
  print: (line: string) => void = () => {},
  rounds = Number(process.env.FAULT_ROUNDS ?? 20),
): Promise<Report> {
  const report = createReport('kills', print)
  const world = await startInstallation()
  try {
    const numbers = freshNumbers(rounds + 1)
    await world.operators.importMembers(numbers)
    const members = createMembers(world, numbers)
    for (let turn = 0; turn < rounds; turn++) await killOnce(world, members.next(), report)
    await report.round('everybody goes on to the end', async () => {
      for (const { person, steps } of members.begun()) while (steps[0]) await insistOn(world, person, take(steps), 120)
      return await findFaults(world)
    })
    return report.end({ members: members.begun().length, letters: world.office.posted.length })
  } finally {
    await world.close()
  }
}

type Member = { person: ReturnType<typeof somebody>; steps: MemberStep[] }

/** Members under way: a new one joins while fewer than three are. */
function createMembers(world: Installation, numbers: string[]) {
  const begun: Member[] = []
  return {
    begun: () => begun,
    next(): Member {
      const underWay = begun.filter(({ steps }) => steps.length > 0)
      const number = numbers[begun.length]
      const [first, ...others] = underWay
      if (first && (underWay.length >= 3 || !number)) return oneOf([first, ...others])
      const person = somebody(number ?? '')
      const member = { person, steps: createWay(world, person) }
      begun.push(member)
      return member
    },
  }
}

const take = (steps: MemberStep[]): MemberStep => {
  const step = steps.shift()
  if (!step) throw new Error('no step is left')
  return step
}

async function killOnce(world: Installation, { person, steps }: Member, report: ReturnType<typeof createReport>) {
  const step = take(steps)
  const victim = oneOf(processNames)
  const cleanUp = oneOf(cleanUps)
  await report.round(`${step.name} beside ${cleanUp}, ${victim} killed`, async () => {
    // The letters of others may be posted with this member's.
    const before = await world.inspection.stageOf(person.username)
    const taking = settled(step.take())
    const cleaning = settled(world.operators.command('jobs:run', cleanUp))
    await anyMoment(longest)
    await world.processes.kill(victim)
    const stage = await world.inspection.stageOf(person.username)
    const faults = isBetween(step, stage) ? [] : [`${before} before, ${stage} after ${step.name}`]
    faults.push(...(await findFaults(world)))
    await world.processes.start(victim)
    const { error } = await taking
    await cleaning
    const missing = error || (await world.inspection.stageOf(person.username)) !== step.to
    if (missing) await insistOn(world, person, step, 90)
    return [...faults, ...(await findFaults(world))]
  })
}
