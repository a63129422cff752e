import type { Command } from 'commander'
import type { Services } from '../../app/services.ts'
import { longestReason, parseReason } from '../../domain/staff/reason.ts'
import type { ActOutcome, HelpAct } from '../../services/accounts/help-desk/acts.ts'
import type { FoundMember } from '../../services/accounts/help-desk/look-ups.ts'
import type { MemberPage } from '../../services/accounts/help-desk/member-page.ts'
import type { Doing } from '../../services/accounts/help-desk/settings.ts'
import { type CliCommand, type CliIo, type CliResult, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

/** A command about one member: who he is, why, and who asks. */
const aboutMember = (command: Command): Command =>
  withOperator(
    command
      .argument('<member>', 'insurance number or user name, whole; or the id of the account')
      .option('--reason <text>', 'why; it stands in the audit log, and holds no personal data'),
  )

function doingOf(options: Record<string, unknown>, io: CliIo): Doing {
  const reason = parseReason(String(options.reason ?? ''))
  if (!reason.ok) throw new UsageError(`Say why with --reason, in 3 to ${longestReason} characters.`)
  return { reason: reason.value, actor: operatorOf(options, io) }
}

const refused = (reason: string, text: string, more: object = {}): CliResult => ({
  exitCode: 1,
  text,
  json: { error: reason, ...more },
})

/** Finds the one member that is meant, as a look-up at the console does, and goes on with the account's id. */
async function withMember(
  { helpDesk }: Services,
  typed: string,
  doing: Doing,
  goOn: (accountId: string) => Promise<CliResult>,
): Promise<CliResult> {
  const found = await helpDesk.find(typed, doing)
  if (found.outcome === 'unreadable')
    throw new UsageError('Give an insurance number, a user name, or the id of an account.')
  if (found.outcome === 'limited')
    return refused('limited', `You have looked up many members. Go on after ${found.until.toISOString()}.`)
  if (found.outcome !== 'found') return refused('unknown', 'Nobody has this number or user name.')
  const [member, ...others] = found.members
  if (member && others.length === 0) return await goOn(member.id)
  const lines = found.members.map(lineOf)
  return refused('ambiguous', ['Several accounts have this number. Give one of their ids:', ...lines].join('\n'), {
    members: found.members,
  })
}

const lineOf = ({ id, state, registeredAt, username }: FoundMember) =>
  `${id}  ${username}  ${state}  registered ${registeredAt.toISOString().slice(0, 10)}`

const show: CliCommand = {
  name: 'members:show',
  description: 'show where an account stands, its dates and deliveries, as masked as the console does; it is recorded',
  define: aboutMember,
  run: async ([member = ''], options, io) => {
    const doing = doingOf(options, io)
    return await withServices(io, (services) =>
      withMember(services, member, doing, async (accountId) => {
        const page = await services.helpDesk.page(accountId)
        if (!page) return refused('unknown', 'The account is gone.')
        return { exitCode: 0, text: describe(page), json: { member: page } }
      }),
    )
  },
}

const day = (at: Date | null) => at?.toISOString().slice(0, 10) ?? 'never'

function describe(page: MemberPage): string {
  const { id, state, suspensionReason, data, deadlines, letters, messages, pauses } = page
  return [
    `Account ${id}: ${state}${suspensionReason ? ` (${suspensionReason})` : ''} since ${day(page.stateChangedAt)}.`,
    ...Object.entries(data).map(([field, value]) => `  ${field}  ${value ?? 'not known'}`),
    `Registered ${day(page.registeredAt)}, activated ${day(page.activatedAt)}, last signed in ${day(page.lastSignInAt)}.`,
    ...deadlines.map((each) => `  ${each.name}  ${'from' in each ? `from ${each.from.toISOString()}` : each.lastDay}`),
    ...Object.entries(pauses).flatMap(([name, until]) =>
      until ? [`Paused (${name}) to ${until.toISOString()}.`] : [],
    ),
    ...letters.map(
      (each) =>
        `Letter ${each.purpose}: ${each.state}, asked for ${day(each.requestedAt)}, posted ${each.postedOn ?? '–'}`,
    ),
    ...messages.map((each) => {
      const outcome = each.deliveredAt ? (each.receipt ?? 'delivered') : each.failedAt ? each.failure : 'waits'
      return `${each.kind} ${each.createdAt.toISOString()}: ${outcome}`
    }),
  ].join('\n')
}

const sentences: Record<Exclude<ActOutcome['outcome'], 'done' | 'limited'>, Record<string, string>> = {
  refused: {
    unknown: 'The account is gone.',
    state: 'The account is in a state in which this cannot be done; see members:show.',
    letter_waits: 'A letter is on its way to the printer already.',
    no_pause: 'There is no pause.',
  },
}

/** A command that does one act of the help desk. */
const acting = (name: string, act: HelpAct, description: string, done: string): CliCommand => ({
  name,
  description,
  define: aboutMember,
  run: async ([member = ''], options, io) => {
    const doing = doingOf(options, io)
    return await withServices(io, (services) =>
      withMember(services, member, doing, async (accountId) => {
        const outcome = await services.helpDesk.do(act, accountId, doing)
        if (outcome.outcome === 'limited')
          return refused('limited', `Not before ${outcome.until.toISOString()}.`, { until: outcome.until })
        if (outcome.outcome === 'refused')
          return refused(outcome.reason, sentences.refused[outcome.reason] ?? outcome.reason)
        return { exitCode: 0, text: `${done} The member is told by e-mail.`, json: { accountId, act } }
      }),
    )
  },
})

const end: CliCommand = {
  name: 'members:end',
  description: 'ask that an account ends for good; a second person approves at the console',
  define: aboutMember,
  run: async ([member = ''], options, io) => {
    const doing = doingOf(options, io)
    return await withServices(io, (services) =>
      withMember(services, member, doing, async (subject) => {
        const page = await services.helpDesk.page(subject)
        if (!page?.mayEnd) return refused('state', sentences.refused.state ?? '')
        const asked = await services.staff.approvals.ask(
          { act: 'account.end', subject, reason: doing.reason },
          doing.actor,
        )
        const text = asked
          ? `Asked. A second person approves at the console, below Approvals, until ${asked.expiresAt.toISOString().slice(0, 10)}.`
          : 'Somebody has asked for this already; a second person approves at the console.'
        return { exitCode: asked ? 0 : 1, text, json: { accountId: subject, approvalId: asked?.id ?? null } }
      }),
    )
  },
}

/** What helps one member from the command line, with the same rules as the console. */
export const memberCommands: CliCommand[] = [
  show,
  acting('members:suspend', 'suspend', 'keep a member out until it is lifted; ends every session', 'Suspended.'),
  acting('members:lift', 'lift', 'lift a suspension by staff; the register lifts its own', 'The suspension is lifted.'),
  acting('members:letter', 'letter', 'send a member a letter with a new code, within the limits', 'A letter follows.'),
  end,
]
