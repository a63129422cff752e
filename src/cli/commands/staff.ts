import { isRole, roles } from '../../domain/staff/rights.ts'
import { invitationHours, type StaffRefusal } from '../../services/staff/staff.ts'
import { type CliCommand, type CliResult, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

const roleList = roles.join(', ')

function readRole(value: unknown) {
  const role = String(value ?? '')
  if (!isRole(role)) throw new UsageError(`--role must be one of ${roleList}.`)
  return role
}

const sentences: Record<StaffRefusal['reason'], string> = {
  unknown: 'nobody of the staff has this address; see staff:list.',
  email_format: 'this is no e-mail address.',
  email_taken: 'this person has joined already; see staff:list.',
  deactivated: 'the access of this person was ended.',
  same_role: 'the person has this role already.',
  last_owner: 'the last owner has to stay; make another one first.',
  owner_takes_two: 'there is an owner: another one is made by two, at the console.',
  yourself: 'somebody else ends your own access.',
}

const refused = (email: string, { reason }: StaffRefusal): CliResult => ({
  exitCode: 1,
  text: `${email}: ${sentences[reason]}`,
  json: { error: reason, email },
})

/** Invites a member of staff; the first owner comes in by it. */
const invite: CliCommand = {
  name: 'staff:invite',
  description: `invite somebody to the console; prints a one-time link, good for ${invitationHours} hours, and mails it`,
  define: (command) => withOperator(command).argument('<e-mail>').option('--role <role>', roleList),
  run: async ([email = ''], options, io) => {
    const role = readRole(options.role)
    const actor = operatorOf(options, io)
    return await withServices(io, async ({ staff: { staff } }) => {
      const done = await staff.invite(email, role, { actor })
      if ('reason' in done) return refused(email, done)
      const text = `${done.staff.email} is invited as ${role}. Link, shown once, good for ${invitationHours} hours:\n${done.link}`
      return { exitCode: 0, text, json: { id: done.staff.id, email: done.staff.email, role, link: done.link } }
    })
  },
}

const list: CliCommand = {
  name: 'staff:list',
  description: 'list who may use the console, with role and last sign-in',
  run: (_args, _options, io) =>
    withServices(io, async ({ staff: { staff } }) => {
      const people = (await staff.list()).map((person) => ({
        ...{ id: person.id, email: person.email, role: person.role },
        state: person.deactivatedAt ? 'deactivated' : person.joinedAt ? 'active' : 'invited',
        lastSignInAt: person.lastSignInAt?.toISOString() ?? null,
      }))
      const lines = people.map(({ email, role, state, lastSignInAt }) =>
        [email, role, state, lastSignInAt ?? 'never signed in'].join('  '),
      )
      const text = lines.join('\n') || 'There is nobody yet: staff:invite <e-mail> --role owner.'
      return { exitCode: 0, text, json: { staff: people } }
    }),
}

const role: CliCommand = {
  name: 'staff:role',
  description: 'give a member of staff another role; who has been signed in signs in again',
  define: (command) => withOperator(command).argument('<e-mail>').argument('<role>', roleList),
  run: async ([email = '', given], options, io) => {
    const to = readRole(given)
    const actor = operatorOf(options, io)
    return await withServices(io, async ({ staff: { staff } }) => {
      const person = await staff.findByEmail(email)
      const done = person ? await staff.changeRole(person.id, to, actor) : ({ reason: 'unknown' } as const)
      if (done !== 'changed') return refused(email, done)
      return { exitCode: 0, text: `${email} is ${to} now.`, json: { email, role: to } }
    })
  },
}

const deactivate: CliCommand = {
  name: 'staff:deactivate',
  description: 'end the access of a member of staff, and every session, at once',
  define: (command) => withOperator(command).argument('<e-mail>'),
  run: async ([email = ''], options, io) => {
    const actor = operatorOf(options, io)
    return await withServices(io, async ({ staff: { staff } }) => {
      const person = await staff.findByEmail(email)
      const done = person ? await staff.deactivate(person.id, actor) : ({ reason: 'unknown' } as const)
      if (done !== 'deactivated') return refused(email, done)
      return { exitCode: 0, text: `The access of ${email} has ended.`, json: { email, deactivated: true } }
    })
  },
}

export const staffCommands: CliCommand[] = [invite, list, role, deactivate]
