import { mayBeRemoved, type RegisteredClient, whyKeptOut } from '../../domain/clients/client.ts'
import { isInForce } from '../../domain/clients/secrets.ts'
import { daysToDecide } from '../../domain/staff/two-persons.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { clientFileCommands } from './client-files.ts'
import { seen, unknown } from './client-words.ts'
import { operatorOf, withOperator } from './operators.ts'
import { reasonOf, withReason } from './reasons.ts'

const list: CliCommand = {
  name: 'clients:list',
  description: 'list applications and services, by whom they are managed, and which are let in no more',
  define: (command) =>
    command
      .option('--after <client_id>', 'begin behind this one')
      .option('--limit <count>', 'show at most so many', '1000'),
  async run(_args, options, io) {
    const limit = Number(options.limit)
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
      throw new UsageError('--limit takes a number from 1 to 10000.')
    return await withServices(io, async ({ clients }) => {
      const found = await clients.list({ after: options.after as string | undefined, limit })
      const lines = found.map((each) =>
        [
          ...[each.client.clientId, each.client.kind, each.managedBy ?? 'staff', whyKeptOut(each) ?? 'let in'],
          ...[each.client.name, ...(each.contactsUnreadable ? [unreadable] : [])],
        ].join('  '),
      )
      return { exitCode: 0, text: lines.join('\n') || 'There are none.', json: { clients: found.map(summaryOf) } }
    })
  },
}

const show: CliCommand = {
  name: 'clients:show',
  description: 'show one application or service; secrets are not known, only how many are valid',
  define: (command) => command.argument('<client_id>'),
  run: ([clientId = ''], _options, io) =>
    withServices(io, async ({ clients }, { clock }) => {
      const found = await clients.find(clientId)
      if (!found) return unknown(clientId)
      const { secretHashes: _hashes, clientId: _id, ...registration } = found.client
      const secrets = found.secrets.filter((secret) => isInForce(secret, clock.now())).length
      const { subjectType, suspendedReason, changedAt } = found
      const shown = { ...summaryOf(found), ...registration, subjectType, secrets, suspendedReason, changedAt }
      return { exitCode: 0, text: JSON.stringify(shown, null, 2), json: { client: shown } }
    }),
}

const summaryOf = (registered: RegisteredClient) => ({
  clientId: registered.client.clientId,
  name: registered.client.name,
  kind: registered.client.kind,
  environment: registered.client.environment,
  managedBy: registered.managedBy,
  keptOut: whyKeptOut(registered) ?? null,
  ...(registered.contactsUnreadable && { contactsUnreadable: unreadable }),
})

const unreadable = 'its contacts cannot be opened: see doctor'

const suspend: CliCommand = {
  name: 'clients:suspend',
  description: 'let an application or service in no more, at any endpoint; a file does not bring it back',
  define: (command) => withReason(withOperator(command).argument('<client_id>')),
  run: ([clientId = ''], options, io) => {
    const by = { actor: operatorOf(options, io), reason: reasonOf(options) }
    return withServices(io, async ({ clients }) => {
      const done = await clients.suspend(clientId, by)
      if (!done && !(await clients.find(clientId))) return unknown(clientId)
      const text = done ? `${clientId} is suspended. ${seen}` : `${clientId} was suspended before.`
      return { exitCode: 0, text, json: { clientId, suspended: done } }
    })
  },
}

const lift: CliCommand = {
  name: 'clients:lift',
  description: 'let a suspended application or service in again',
  define: (command) => withOperator(command).argument('<client_id>'),
  run: ([clientId = ''], options, io) =>
    withServices(io, async ({ clients }) => {
      const done = await clients.lift(clientId, operatorOf(options, io))
      const found = await clients.find(clientId)
      if (!found) return unknown(clientId)
      const text = [done ? `${clientId} is suspended no more. ${seen}` : `${clientId} was not suspended.`]
      if (found.goneAt) text.push(`It is not let in before its entry is in ${found.managedBy} again.`)
      const keptOut = whyKeptOut(found) ?? null
      if (keptOut === 'draft') text.push('It is a draft, which clients:activate or its file lets in.')
      return { exitCode: keptOut ? 1 : 0, text: text.join('\n'), json: { clientId, lifted: done, keptOut } }
    }),
}

const activate: CliCommand = {
  name: 'clients:activate',
  description: 'let in an application or service that staff registered as a draft',
  define: (command) => withOperator(command).argument('<client_id>'),
  run: ([clientId = ''], options, io) => {
    const actor = operatorOf(options, io)
    return withServices(io, async ({ clients }) => {
      const found = await clients.find(clientId)
      if (!found) return unknown(clientId)
      const done = await clients.change({ ...found.client, draft: false }, actor, found.changedAt)
      if ('reason' in done) {
        const where = found.managedBy ? `It stands in ${found.managedBy}: take draft out there.` : 'Try again.'
        return {
          exitCode: 1,
          text: `${clientId} was not changed (${done.reason}). ${where}`,
          json: { clientId, error: done.reason },
        }
      }
      const text = done.changed ? `${clientId} is active. ${seen}` : `${clientId} was active before.`
      return { exitCode: 0, text, json: { clientId, activated: done.changed } }
    })
  },
}

const remove: CliCommand = {
  name: 'clients:remove',
  description: 'ask for an application to be removed for good; one of the staff approves it at the console',
  define: (command) => withReason(withOperator(command).argument('<client_id>')),
  run: ([clientId = ''], options, io) => {
    const by = { actor: operatorOf(options, io), reason: reasonOf(options) }
    return withServices(io, async ({ clients, staff }) => {
      const found = await clients.find(clientId)
      if (!found) return unknown(clientId)
      if (!mayBeRemoved(found))
        return {
          exitCode: 1,
          text: `${clientId} stands in ${found.managedBy}: take its entry out there and apply the file.`,
          json: { error: 'managed', clientId, managedBy: found.managedBy },
        }
      const details = { name: found.client.name }
      const asked = await staff.approvals.ask(
        { act: 'client.remove', subject: clientId, reason: by.reason, details },
        by.actor,
      )
      const text = asked
        ? `Asked for. It takes two: one of the staff approves it at the console, below /admin/approvals, within ${daysToDecide} days.`
        : 'This is asked for already; it waits at the console, below /admin/approvals.'
      return { exitCode: 0, text, json: { clientId, asked: asked !== null, approvalId: asked?.id ?? null } }
    })
  },
}

export const clientCommands: CliCommand[] = [...clientFileCommands, list, show, activate, suspend, lift, remove]
