import { type SmsSink, startSmsSink } from '../sms-gateway.ts'
import { type Application, applicationVariables, liftLimits, startApplication } from './application.ts'
import type { CleanUps } from './clean-ups.ts'
import { createMembers, type Member } from './members.ts'
import type { Subject } from './revision.ts'
import { createStorage, type Storage } from './storage.ts'

/** A subject that answers, with members of its own, who sign in for the first time when they are first asked for. */
export type Running = {
  subject: Subject
  app: Application
  storage: Storage
  members(): Promise<Member[]>
  sms: SmsSink
}

/** So many that none signs in twice at the same time. */
const memberCount = 40

type Settings = { embedded: boolean; processes: number; cleanUps: CleanUps }

/** Starts a subject on data of its own. `index`: counted from 0 among the subjects. */
export async function startSubject(
  subject: Subject,
  index: number,
  { embedded, processes, cleanUps }: Settings,
): Promise<Running> {
  const storage = await createStorage(cleanUps, { embedded, index })
  const sms = await startSmsSink()
  cleanUps.add(sms.close)
  const variables = {
    ...applicationVariables(storage.variables, processes, sms),
    CONFIG_DIR: await liftLimits(subject, cleanUps),
  }
  const app = await startApplication(subject, variables)
  cleanUps.add(app.stop)
  let members: Promise<Member[]> | undefined
  return {
    ...{ subject, app, storage, sms },
    members() {
      members ??= createMembers({ subject, app, variables, sms, cleanUps }, memberCount)
      return members
    },
  }
}
