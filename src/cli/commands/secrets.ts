import { isInForce } from '../../domain/clients/secrets.ts'
import type { SecretRefusal } from '../../services/clients/secrets.ts'
import { type CliCommand, type CliResult, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

const sentences: Record<SecretRefusal['reason'], string> = {
  unknown: 'nobody has this client id; see clients:list.',
  uses_none: 'it proves itself without a secret.',
  brought_along:
    'its secret is named by its entry: put the new one beside it there, or write client_secret: { from: database }.',
  two_valid: 'two secrets are valid already; end one with secrets:revoke first (secrets:list names them).',
  no_secret: 'it has no such secret in force; see secrets:list.',
  name: '--name takes 1 to 60 printable characters.',
  days: '--expires takes whole days, from 1 to 1095.',
}

const refused = (clientId: string, { reason }: SecretRefusal): CliResult => ({
  exitCode: 1,
  text: `${clientId}: ${sentences[reason]}`,
  json: { error: reason, clientId },
})

const add: CliCommand = {
  name: 'secrets:add',
  description: 'make a further secret of an application, shown once; the one before stays valid',
  define: (command) =>
    withOperator(command)
      .argument('<client_id>')
      .option('--name <name>', 'what it is told by (default: the day)')
      .option('--expires <days>', 'refuse it after so many days; its contacts are reminded before'),
  run: ([clientId = ''], options, io) => {
    const actor = operatorOf(options, io)
    const days = options.expires === undefined ? null : Number(options.expires)
    if (days !== null && !Number.isInteger(days)) throw new UsageError(sentences.days)
    return withServices(io, async ({ clients }) => {
      const done = await clients.secrets.add(clientId, { name: options.name as string | undefined, days }, actor)
      if ('reason' in done) return refused(clientId, done)
      const text = [
        `New secret of ${clientId}, shown once: ${done.secret}`,
        `Its id: ${done.id}${done.expiresAt ? `; good until ${done.expiresAt.toISOString()}` : ''}`,
        'It is good in every process within 5 seconds, beside the one before. When the application uses it: secrets:revoke.',
      ]
      const { id, secret, expiresAt } = done
      return { exitCode: 0, text: text.join('\n'), json: { clientId, id, secret, expiresAt } }
    })
  },
}

const list: CliCommand = {
  name: 'secrets:list',
  description: 'list the secrets of an application with their dates; the secrets themselves are not known',
  define: (command) => command.argument('<client_id>').option('--all', 'also those that have ended'),
  run: ([clientId = ''], options, io) =>
    withServices(io, async ({ clients }, { clock }) => {
      if (!(await clients.find(clientId))) return refused(clientId, { reason: 'unknown' })
      const now = clock.now()
      const secrets = (await clients.secrets.list(clientId))
        .map(({ hash: _, ...secret }) => ({ ...secret, inForce: !secret.endedAt && isInForce(secret, now) }))
        .filter(({ inForce }) => inForce || options.all === true)
      const day = (at: Date | null) => at?.toISOString().slice(0, 10)
      const lines = secrets.map(({ id, name, inForce, createdAt, expiresAt, lastUsedAt }) =>
        [
          id,
          name,
          inForce ? 'in force' : 'over',
          `made ${day(createdAt)}`,
          expiresAt ? `ends ${day(expiresAt)}` : 'no end',
          lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : 'never used',
        ].join('  '),
      )
      return { exitCode: 0, text: lines.join('\n') || 'There are none.', json: { clientId, secrets } }
    }),
}

const revoke: CliCommand = {
  name: 'secrets:revoke',
  description: 'end a secret of an application at once',
  define: (command) => withOperator(command).argument('<client_id>').argument('<secret id>', 'see secrets:list'),
  run: ([clientId = '', secretId = ''], options, io) => {
    const actor = operatorOf(options, io)
    return withServices(io, async ({ clients }) => {
      const done = await clients.secrets.revoke(clientId, secretId, actor)
      if (done !== 'revoked') return refused(clientId, done)
      const text = `The secret ${secretId} of ${clientId} has ended. Every process goes by it within 5 seconds.`
      return { exitCode: 0, text, json: { clientId, secretId } }
    })
  },
}

export const secretCommands: CliCommand[] = [add, list, revoke]
