import { readdirSync } from 'node:fs'
import { freshNumbers } from '../../support/register.ts'
import type { SmsHttpBehaviour } from '../../support/servers/sms-http.ts'
import type { SmtpBehaviour } from '../../support/servers/smtp.ts'
import { somebody } from '../../support/walk.ts'
import { type Installation, startInstallation } from '../installation.ts'
import { pause, settled } from '../parts/chance.ts'
import { fillDisk } from '../parts/full-disk.ts'
import type { LineState } from '../parts/line.ts'
import { createWay, insistOn, type MemberStep } from '../parts/member.ts'
import { createReport, findFaults, type Report, type ReportBuilder } from '../parts/report.ts'

/** Milliseconds that a fault lasts. */
const lasting = 4000

const smsFaults: Record<string, SmsHttpBehaviour> = {
  'is slow': { status: 202, delay: 3000 },
  'refuses with 503': { status: 503 },
  'throttles with 429': { status: 429 },
  'breaks connections': 'drop',
  hangs: 'hang',
}
const shopFaults: Record<string, LineState> = {
  'is slow': 'slow',
  'cannot be reached': 'cut',
  hangs: 'hanging',
}
const smtpFaults: Record<string, SmtpBehaviour> = {
  'is slow': { delay: 3000 },
  'answers recipients with 451': { recipient: 451 },
  'answers contents with 554': { content: 554 },
  'breaks connections within DATA': 'drop-in-data',
  hangs: 'hang',
}

/**
 * SMS gateway, mail relay and print shop fail in every way for a while, in the middle of a step that needs them: the step succeeds
 * afterwards, and nothing arrives twice.
 */
export async function channels(print: (line: string) => void = () => {}): Promise<Report> {
  const report = createReport('channels', print)
  const world = await startInstallation()
  try {
    const numbers = freshNumbers(Object.keys(smtpFaults).length + Object.keys(shopFaults).length)
    await world.operators.importMembers(numbers)
    const ways = numbers.map((number) => {
      const person = somebody(number)
      return { person, steps: createWay(world, person) }
    })
    for (const [index, [name, behaviour]] of Object.entries(smtpFaults).entries()) {
      const way = ways[index]
      await report.round(`the relay ${name}`, async () => {
        if (!way) return ['there is no member']
        world.smtp.behave(behaviour)
        await insistOn(world, way.person, stepOf(way.steps, 0), 90)
        return await later(
          world,
          () => world.smtp.behave('ok'),
          () => insistOn(world, way.person, stepOf(way.steps, 1), 120),
        )
      })
    }
    await shopRound(world, report, 'has a full disk', () => fillDisk(world.shop.folder).then((disk) => disk.end))
    for (const [index, [name, state]] of Object.entries(shopFaults).entries()) {
      const way = ways[Object.keys(smtpFaults).length + index]
      for (const step of way?.steps.slice(0, 2) ?? []) if (way) await insistOn(world, way.person, step, 90)
      await shopRound(world, report, name, async () => {
        world.shopLine.behave(state)
        return async () => world.shopLine.behave('ok')
      })
    }
    for (const [index, [name, behaviour]] of Object.entries(smsFaults).entries()) {
      const way = ways[index]
      await report.round(`the SMS gateway ${name}`, async () => {
        if (!way) return ['there is no member']
        world.sms.behave(behaviour)
        const mend = () => world.sms.behave({ status: 202 })
        return await later(world, mend, () => insistOn(world, way.person, stepOf(way.steps, 3), 120))
      })
    }
    return report.end({ signIns: world.relyingParty.signedIn.length, letters: world.office.posted.length })
  } finally {
    await world.close()
  }
}

function stepOf(steps: MemberStep[], index: number): MemberStep {
  const step = steps[index]
  if (!step) throw new Error(`there is no step ${index}`)
  return step
}

async function later(world: Installation, mend: () => void, work: () => Promise<unknown>): Promise<string[]> {
  const working = settled(work())
  await pause(lasting)
  mend()
  const { error } = await working
  return error ? [error.message] : await findFaults(world)
}

async function shopRound(
  world: Installation,
  report: ReportBuilder,
  name: string,
  strike: () => Promise<() => Promise<void>>,
): Promise<void> {
  await report.round(`the print shop ${name}`, async () => {
    const mend = await strike()
    const posting = settled(world.operators.postLetters(world.office.posted, 180))
    await pause(lasting)
    await mend()
    const { error } = await posting
    const parts = readdirSync(world.shop.folder).filter((file) => file.endsWith('.part'))
    return [...(error ? [error.message] : []), ...parts.map((file) => `${file} was left`), ...(await findFaults(world))]
  })
}
