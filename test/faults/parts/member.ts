import { createClient, ownAddress } from '../../support/client.ts'
import { activate, type Person, register, signInAgain, signInFirst } from '../../support/walk.ts'
import type { Installation } from '../installation.ts'
import { type Stage, stages } from './inspection.ts'

/**
 * One step of a member's way, from one stage to the next. `arrives`: it ends at the application; whoever only reached the stage, because
 * the last answer was cut off, takes it again.
 */
export type MemberStep = { name: string; from: Stage; to: Stage; arrives?: true; take(): Promise<void> }

export type MemberWay = ReturnType<typeof createWay>

type Parts = Pick<Installation<never>, 'app' | 'operators' | 'office' | 'inspection'>

/**
 * The way of one member as steps that can be taken again from their beginning, in a browser of its own each time, as somebody does
 * who saw an error page.
 */
export function createWay({ app, operators, office, inspection }: Parts, person: Person): MemberStep[] {
  const browser = () => createClient(ownAddress())
  return [
    {
      ...{ name: 'registration', from: 'none', to: 'pending_activation' },
      async take() {
        expectPage(await register(browser(), app, person), 200)
      },
    },
    {
      ...{ name: 'activation', from: 'pending_activation', to: 'awaiting_letter' },
      async take() {
        expectPage(await activate(browser(), app, person), 200)
      },
    },
    {
      ...{ name: 'letter', from: 'awaiting_letter', to: 'letter_posted' },
      async take() {
        await operators.postLetters(office.posted)
      },
    },
    {
      ...{ name: 'first sign-in', from: 'letter_posted', to: 'active', arrives: true },
      async take() {
        const isActive = (await inspection.stageOf(person.username)) === 'active'
        expectArrival(await (isActive ? signInAgain : signInFirst)(browser(), app, person), app.demo)
      },
    },
    {
      ...{ name: 'later sign-in', from: 'active', to: 'active', arrives: true },
      async take() {
        expectArrival(await signInAgain(browser(), app, person), app.demo)
      },
    },
  ]
}

type Seen = { status: number; url: string; heading: string }

function expectPage({ status, url, heading }: Seen, wanted: number): void {
  if (status !== wanted) throw new Error(`${status} at ${new URL(url).pathname}: ${heading}`)
}

function expectArrival(page: Seen, origin: string): void {
  expectPage(page, 200)
  if (new URL(page.url).origin !== origin) throw new Error(`it ended at ${new URL(page.url).pathname}: ${page.heading}`)
}

/**
 * Takes a step again and again, from its beginning, until it was taken or the member turns out to be a stage further (see `arrives`). Answers the
 * number of tries. @throws Error with the last fault after `seconds`
 */
export async function insistOn({ inspection }: Parts, person: Person, step: MemberStep, seconds: number) {
  const end = performance.now() + seconds * 1000
  for (let tries = 1; ; tries++) {
    try {
      await step.take()
      return tries
    } catch (error) {
      const stage = await inspection.stageOf(person.username).catch(() => step.from)
      if (!step.arrives && stage === step.to) return tries
      if (performance.now() > end)
        throw new Error(`${step.name} did not succeed within ${seconds} s: ${(error as Error).message}`, {
          cause: error,
        })
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
}

/** Whether a member is where he was before a step, or one step further. */
export const isBetween = (step: MemberStep, stage: Stage) =>
  stages.indexOf(stage) >= stages.indexOf(step.from) && stages.indexOf(stage) <= stages.indexOf(step.to)
