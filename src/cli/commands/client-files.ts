import type { Command } from 'commander'
import { exportClients } from '../../config/clients/export.ts'
import { ownClientSources } from '../../config/clients/sources.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { RegisteredClient } from '../../domain/clients/client.ts'
import type { ClientService } from '../../services/clients/clients.ts'
import type { Applying } from '../../services/clients/files.ts'
import { takeTogether } from '../../services/clients/take-files.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import { type CliCommand, type CliIo, type CliResult, somethingToDo, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { describeOutcome } from './client-file-words.ts'
import { unknown } from './client-words.ts'
import { operatorOf, withOperator } from './operators.ts'
import { reasonOf, withReason } from './reasons.ts'

/** The files that are meant, and how they are taken. */
const withFiles = (command: Command): Command =>
  command
    .argument('[file...]', 'these files and folders (default: clients.yaml of CONFIG_DIR and its folder clients)')
    .option(
      '--as <place>',
      'what a file from elsewhere is to be in CONFIG_DIR: clients.yaml, clients/<name>.yaml, clients',
    )
    .option('--take-over', 'let the files manage what staff have registered, where they name it')
    .option('--prune', 'ask for the removal for good of whose entry has vanished; one of the staff approves')

/** Feeds the files in while the service runs; a start does the same. */
const apply: CliCommand = {
  name: 'clients:apply',
  description:
    'apply the files of applications, together, without a restart; exit code 1 when an entry is wrong, and nothing is changed',
  define: (command) =>
    withReason(withOperator(withFiles(command))).option(
      '--dry-run',
      'show what would change, write nothing, as clients:plan',
    ),
  run: (args, options, io) => {
    const dryRun = options.dryRun === true
    const prune = options.prune === true ? { reason: dryRun ? '' : reasonOf(options) } : undefined
    return take(io, args, options, { actor: dryRun ? 'cli' : operatorOf(options, io), dryRun, prune })
  },
}

/** Says what applying would do, and what is registered beside the files. */
const plan: CliCommand = {
  name: 'clients:plan',
  description:
    'show what applying would change, what stays without an entry, and what staff registered; writes nothing',
  define: (command) =>
    withFiles(command).option(
      '--expect-none',
      'exit code 3 when something would change (0: nothing, 1: a file is wrong), for a pipeline',
    ),
  run: async (args, options, io) => {
    const prune = options.prune === true ? { reason: '' } : undefined
    const planned = await take(io, args, options, { actor: 'cli', dryRun: true, prune })
    const { changes = [] } = planned.json as { changes?: ClientChange[] }
    const isDrift = planned.exitCode === 0 && options.expectNone === true && changes.length > 0
    return isDrift ? { ...planned, exitCode: somethingToDo } : planned
  },
}

async function take(
  io: CliIo,
  args: string[],
  options: Record<string, unknown>,
  how: Omit<Applying, 'isCurrent' | 'takeOver'>,
): Promise<CliResult> {
  return await withServices(io, async ({ clients, staff }, { config }) => {
    const sources = ownClientSources(config, args, { standsAs: options.as as string | undefined })
    const several = sources.length > 1
    const takeOver = options.takeOver === true
    const { outcome, warnings } = await takeTogether(sources, clients, { ...how, takeOver })
    const named = new Set('changes' in outcome ? outcome.changes.map(({ clientId }) => clientId) : [])
    const names = sources.map(({ name }) => name)
    const seen = how.dryRun ? await besidesOf(clients, staff.approvals, { names, named }) : undefined
    const { exitCode, text } = describeOutcome(outcome, { warnings, several })
    const paths = sources.map(({ path }) => path)
    const lines = [text, ...(seen ? describeBesides(seen) : [])]
    return { exitCode, text: lines.join('\n'), json: { path: paths[0], paths, ...outcome, warnings, ...seen } }
  })
}

type Besides = Awaited<ReturnType<typeof besidesOf>>

/** Ids of what a plan changes nothing of: `left` without an entry, `removals` that wait, `byHand` of staff. */
async function besidesOf(
  clients: Pick<ClientService, 'list'>,
  approvals: Pick<ApprovalService, 'open'>,
  { names, named }: { names: readonly string[]; named: ReadonlySet<string> },
) {
  const found = (await all(clients)).filter(({ client }) => !named.has(client.clientId))
  const asked = new Set(
    (await approvals.open()).filter(({ act }) => act === 'client.remove').map((each) => each.subject),
  )
  const without = found.filter(({ managedBy, goneAt }) => managedBy !== null && names.includes(managedBy) && goneAt)
  const idsOf = (some: RegisteredClient[]) => some.map(({ client }) => client.clientId)
  return {
    left: idsOf(without).filter((id) => !asked.has(id)),
    removals: idsOf(without).filter((id) => asked.has(id)),
    byHand: idsOf(found.filter(({ managedBy }) => managedBy === null)),
  }
}

const describeBesides = ({ left, removals, byHand }: Besides): string[] => [
  ...(left.length > 0 ? [`Stay registered without an entry, let in no more (--prune): ${left.join(', ')}`] : []),
  ...(removals.length > 0
    ? [`Their removal waits for one of the staff, below /admin/approvals: ${removals.join(', ')}`]
    : []),
  ...(byHand.length > 0 ? [`Registered by staff, beside the file (clients:export): ${byHand.join(', ')}`] : []),
]

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
  define: (command) =>
    command
      .argument('[client_id...]', 'only these (default: all that are let in or suspended)')
      .option('--source <file>', 'what one file manages, as clients:list names it: clients.yaml, clients/<name>.yaml'),
  run: (args, options, io) => {
    const source = options.source as string | undefined
    if (source !== undefined && args.length > 0) throw new UsageError('Name applications or --source, not both.')
    return withServices(io, async ({ clients }) => {
      const wanted = new Set(args)
      const found = (await all(clients)).filter(({ managedBy }) => source === undefined || managedBy === source)
      const missing = args.filter((id) => !found.some(({ client }) => client.clientId === id))
      if (missing[0] !== undefined) return unknown(missing[0])
      const chosen = found.filter(({ client, goneAt }) => (wanted.size > 0 ? wanted.has(client.clientId) : !goneAt))
      const whole = wanted.size === 0 ? await clients.sharedOf(source) : { resources: [], defaultClient: undefined }
      if (!whole) return unknownSource(source ?? '')
      const text = exportClients({ clients: chosen.map(({ client }) => client), ...whole })
      return { exitCode: 0, text: text.trimEnd(), json: { yaml: text } }
    })
  },
}

const unknownSource = (source: string): CliResult => ({
  exitCode: 1,
  text: `${source}: no file of this name was ever applied; clients:list names those that were.`,
  json: { error: 'unknown', source },
})

export const clientFileCommands: CliCommand[] = [plan, apply, exporting]
