import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestApp } from '../../support/app.ts'
import { createClient } from '../../support/client.ts'
import { createInbox } from '../../support/inbox.ts'
import { activate, demoPassword, type Person, register, runJobs, signInFirst } from '../../support/walk.ts'
import { numberOf, writeMemberFile } from '../member-file.ts'
import type { SmsSink } from '../sms-gateway.ts'
import type { Application } from './application.ts'
import type { CleanUps } from './clean-ups.ts'
import type { Subject } from './revision.ts'
import { temporaryFolder } from './storage.ts'

/** A member of the benchmark who can sign in. `mobile` in E.164. */
export type Member = Person

type Place = { subject: Subject; app: Application; variables: NodeJS.ProcessEnv; sms: SmsSink; cleanUps: CleanUps }

/** How many register at once. */
const lanes = 4

/** Puts persons into the register by the command line, so that letters to them carry a code. */
export async function importPersons({ subject, variables, cleanUps }: Omit<Place, 'app' | 'sms'>, count: number) {
  const file = join(await temporaryFolder(cleanUps), 'members.csv')
  await writeMemberFile(file, { count })
  const args = [join(subject.root, 'src/cli/main.ts'), 'members:import', file]
  await promisify(execFile)(process.execPath, args, { env: variables, cwd: subject.root })
}

/**
 * Lets members register and activate, as people do: over the pages, which stay the same (contract) whatever the code below them is
 * like. Then their letters wait for a print run.
 */
export async function registerMembers(place: Place, count: number): Promise<Member[]> {
  const members = Array.from({ length: count }, (_, index) => memberOf(index))
  const walk = walkOf(place)
  await inLanes(members, async (member) => {
    const client = createClient()
    await register(client, walk, member)
    await activate(client, walk, member)
  })
  return members
}

/** Makes members who have signed in once. */
export async function createMembers(place: Place, count: number): Promise<Member[]> {
  await importPersons(place, count)
  const members = await registerMembers(place, count)
  const walk = walkOf(place)
  await runJobs(walk)
  await inLanes(members, async (member) => {
    const end = await signInFirst(createClient(), walk, member)
    if (new URL(end.url).origin !== walk.demo) throw new Error(`the first sign-in ended at ${end.url}: ${end.heading}`)
  })
  return members
}

function memberOf(index: number): Member {
  const username = `bench.${index}`
  const mobile = `+4915119${String(100_000 + index)}`
  return {
    insuranceNumber: numberOf(index),
    username,
    password: demoPassword,
    email: `${username}@example.org`,
    mobile,
  }
}

/** What the walk over the pages looks at: SMS come to the sink, all else lies in the postbox. */
function walkOf({ app, sms }: Place): TestApp {
  const inbox = createInbox(app.issuer)
  const bySink: typeof inbox = {
    list: async (kind, to) => (kind === 'sms' ? [] : await inbox.list(kind, to)),
    next: async (kind, to, ...rest) => {
      if (kind !== 'sms') return await inbox.next(kind, to, ...rest)
      const item = { id: '', kind, to, subject: '', text: '', html: null, pdfUrl: null, link: null }
      return { ...item, code: await sms.nextCode(to) }
    },
  }
  return { issuer: app.issuer, demo: app.demo, inbox: bySink } as TestApp
}

async function inLanes<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const lane = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
