import type { Actor } from '../../audit/event.ts'
import { exportClients } from '../../config/clients/export.ts'
import { ownClientSource } from '../../config/clients/sources.ts'
import { keyOf } from '../../config/clients.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { RegisteredClient } from '../../domain/clients/client.ts'
import type { ClientService } from '../../services/clients/clients.ts'
import type { FileOutcome } from '../../services/clients/files.ts'
import { takeClientFile } from '../../services/clients/take-files.ts'
import type { CliCommand, CliIo, CliResult } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { seen, unknown } from './client-words.ts'
import { operatorOf, withOperator } from './operators.ts'

const takeOver = 'let the file manage what staff have registered, where it names it'

/** Feeds `clients.yaml` in while the service runs; a start does the same. */
const apply: CliCommand = {
  name: 'clients:apply',
  description: 'apply clients.yaml without a restart; exit code 1 when an entry is wrong, and nothing is changed',
  define: (command) =>
    withOperator(command)
      .option('--dry-run', 'show what would change, write nothing, as clients:plan')
      .option('--take-over', takeOver),
  run: (_args, options, io) => {
    const dryRun = options.dryRun === true
    return take(io, { actor: dryRun ? 'cli' : operatorOf(options, io), dryRun, takeOver: options.takeOver === true })
  },
}

/** Says what applying would do, and what is registered beside the files. */
const plan: CliCommand = {
  name: 'clients:plan',
  description: 'show what applying clients.yaml would change, and what staff have registered beside it; writes nothing',
  define: (command) =>
    command
      .option('--take-over', takeOver)
      .option('--expect-none', 'exit code 1 when something would change, for a pipeline that watches'),
  run: async (_args, options, io) => {
    const planned = await take(io, { actor: 'cli', dryRun: true, takeOver: options.takeOver === true })
    const { changes = [] } = planned.json as { changes?: ClientChange[] }
    const exitCode = planned.exitCode || (options.expectNone === true && changes.length > 0) ? 1 : 0
    return { ...planned, exitCode }
  },
}

async function take(io: CliIo, how: { actor: Actor; dryRun: boolean; takeOver: boolean }): Promise<CliResult> {
  return await withServices(io, async ({ clients }, { config }) => {
    const source = ownClientSource(config)
    const { outcome, warnings } = await takeClientFile(source, clients, how)
    const named = new Set('changes' in outcome ? outcome.changes.map(({ clientId }) => clientId) : [])
    const ofStaff = how.dryRun ? await idsOfStaff(clients) : []
    const byHand = ofStaff.filter((id) => !named.has(id))
    const { exitCode, text } = describeOutcome(outcome, warnings)
    const drift =
      byHand.length > 0 ? `\nRegistered by staff, beside the file (clients:export): ${byHand.join(', ')}` : ''
    return { exitCode, text: text + drift, json: { path: source.path, ...outcome, warnings, byHand } }
  })
}

/** Ids of what staff have registered, in their order. */
async function idsOfStaff(clients: Pick<ClientService, 'list'>): Promise<string[]> {
  const found = await all(clients)
  return found.filter(({ managedBy }) => managedBy === null).map(({ client }) => client.clientId)
}

/** Every application and service, page by page. */
async function all(clients: Pick<ClientService, 'list'>): Promise<RegisteredClient[]> {
  const found: RegisteredClient[] = []
  for (let after = ''; ; ) {
    const page = await clients.list({ after, limit: 1000 })
    found.push(...page)
    after = page.at(-1)?.client.clientId ?? ''
    if (page.length < 1000) return found
  }
}

const exporting: CliCommand = {
  name: 'clients:export',
  description: 'write applications as a file: sorted, without what is usual, secrets by reference only',
  define: (command) => command.argument('[client_id...]', 'only these (default: all that are let in or suspended)'),
  run: (args, _options, io) =>
    withServices(io, async ({ clients }) => {
      const wanted = new Set(args)
      const found = await all(clients)
      const missing = args.filter((id) => !found.some(({ client }) => client.clientId === id))
      if (missing[0] !== undefined) return unknown(missing[0])
      const chosen = found.filter(({ client, goneAt }) => (wanted.size > 0 ? wanted.has(client.clientId) : !goneAt))
      const whole = wanted.size === 0
      const text = exportClients({
        clients: chosen.map(({ client }) => client),
        resources: whole ? await clients.resources() : [],
        defaultClient: whole ? (await clients.directory.defaultClient())?.client.clientId : undefined,
      })
      return { exitCode: 0, text: text.trimEnd(), json: { yaml: text } }
    }),
}

function describeOutcome(outcome: FileOutcome, warnings: readonly string[]): Pick<CliResult, 'exitCode' | 'text'> {
  if (outcome.outcome === 'unchanged') return { exitCode: 0, text: 'Nothing to do: the file is as it was applied.' }
  if (outcome.outcome === 'refused')
    return { exitCode: 1, text: ['Nothing was changed:', ...outcome.faults.map((fault) => `  ${fault}`)].join('\n') }
  const end = outcome.outcome === 'planned' ? 'Nothing was written.' : seen
  const lines = outcome.changes.length > 0 ? outcome.changes.flatMap(describeChange) : ['No application changes.']
  return { exitCode: 0, text: [...warnings.map((warning) => `Warning: ${warning}`), ...lines, end].join('\n') }
}

const signs = { registered: '+', changed: '~', gone: '-', back: '+', taken_over: '~' }
const words = {
  registered: 'registered',
  back: 'back',
  gone: 'gone from the file, let in no more',
  taken_over: 'managed by the file from now on',
}

/** One line for the client, and one for each field that has another value; nothing of secrets. */
function describeChange({ clientId, change, fields, suspended, differences = [] }: ClientChange): string[] {
  const what = change === 'changed' ? [...new Set(fields.map(keyOf))].join(', ') : words[change]
  const details = differences.map(({ field, before, after }) => `    ${keyOf(field)}: ${difference(before, after)}`)
  const still = suspended ? '; it stays suspended until clients:lift' : ''
  return [`${signs[change]} ${clientId}: ${what}${still}`, ...details]
}

function difference(before: unknown, after: unknown): string {
  const shown = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value))
  if (!Array.isArray(before) || !Array.isArray(after)) return `${shown(before)} → ${shown(after)}`
  const parts = [
    ...after.filter((each) => !before.includes(each)).map((each) => `+ ${each}`),
    ...before.filter((each) => !after.includes(each)).map((each) => `- ${each}`),
  ]
  return parts.join(', ') || 'in another order'
}

export const clientFileCommands: CliCommand[] = [plan, apply, exporting]
