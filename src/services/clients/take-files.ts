import { type ClientChange, planFiles } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import type { Resource } from '../../domain/clients/scopes.ts'
import { StartUpError } from '../../errors.ts'
import type { ClientService } from './clients.ts'
import { type Applying, type FileOutcome, twiceFault } from './files.ts'

/** A file of applications, which is read only when it has changed. */
type ClientSource = {
  name: string
  path: string
  /** Digest, now, of its text and of what it rests on, as far as that is known; undefined when it cannot be read. */
  digest(restsOn: readonly string[]): string | undefined
  /** What it says, and the digest of just that. @throws StartUpError naming every fault */
  read(): {
    clients: Client[]
    resources: Resource[]
    defaultClient: Client | undefined
    warnings: string[]
    references: string[]
    digest: string
  }
}

type Log = Record<'info' | 'warn', (detail: object, message: string) => void>

/** Ids that one log line names. */
const mostNamed = 20

/** How often files are read that are changed by another hand in the meantime. */
const mostReadings = 10

/**
 * Takes from the files of applications what has changed since they were last applied. Files that are as they were are not even parsed, and
 * clients of other hands are not looked at: a start costs the same with one client as with ten thousand.
 * @throws StartUpError naming every fault
 */
export async function takeClientFiles(
  sources: readonly ClientSource[],
  clients: ClientService,
  log: Log,
): Promise<void> {
  const { outcome, warnings } = await takeTogether(sources, clients, { actor: 'system' })
  for (const warning of warnings) log.warn({ warning }, 'registered application')
  if (outcome.outcome === 'refused')
    throw new StartUpError(
      `${sources.map(({ path }) => path).join(', ')} cannot be applied:\n${outcome.faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  if (outcome.outcome !== 'applied') return
  for (const file of outcome.files) {
    const named = (wanted: ClientChange['change']) => {
      const his = outcome.changes.filter((each) => each.change === wanted && each.file === file)
      const ids = his.map(({ clientId }) => clientId)
      return ids.length > mostNamed ? [...ids.slice(0, mostNamed), `and ${ids.length - mostNamed} more`] : ids
    }
    const [registered, changed, moved, back, gone] = (['registered', 'changed', 'moved', 'back', 'gone'] as const).map(
      named,
    )
    log.info({ file, registered, changed, moved, back, gone }, 'applications taken from their file')
  }
}

/**
 * Applies files together, unless all are as they were. Files that are changed between their reading and their turn are read again: a slow
 * start takes back nothing that was applied meanwhile.
 * @throws StartUpError naming every fault of the files
 */
export async function takeTogether(
  sources: readonly ClientSource[],
  { files }: ClientService,
  how: Omit<Applying, 'isCurrent'>,
): Promise<{ outcome: FileOutcome; warnings: string[] }> {
  for (let readings = 0; readings < mostReadings; readings++) {
    if (!how.prune && (await areAsApplied(sources, files))) return { outcome: { outcome: 'unchanged' }, warnings: [] }
    const read = readTogether(sources)
    const isCurrent = () => read.every(({ source, references, digest }) => source.digest(references) === digest)
    const outcome = await files.apply(
      read.map(({ name, digest, references: restsOn, clients, resources, defaultClient }) => {
        return { name, digest, restsOn, clients, resources, defaultClient: defaultClient?.clientId ?? null }
      }),
      { ...how, isCurrent },
    )
    if (outcome.outcome !== 'outdated') return { outcome, warnings: read.flatMap(({ warnings }) => warnings) }
  }
  const paths = sources.map(({ path }) => path).join(', ')
  throw new StartUpError(`${paths} is changed again and again while it is read; apply it when it is done.`)
}

async function areAsApplied(
  sources: readonly ClientSource[],
  files: Pick<ClientService['files'], 'applied'>,
): Promise<boolean> {
  for (const source of sources) {
    const before = await files.applied(source.name)
    if (!before || before.digest !== source.digest(before.restsOn)) return false
  }
  return true
}

/**
 * Reads files that are one state: no id stands in two of them.
 * @throws StartUpError with the faults of all of them
 */
export function readTogether<Source extends ClientSource>(sources: readonly Source[]) {
  const faults: string[] = []
  const read = sources.flatMap((source) => {
    try {
      return [{ ...(source.read() as ReturnType<Source['read']>), source, name: source.name, path: source.path }]
    } catch (error) {
      if (!(error instanceof StartUpError)) throw error
      faults.push(error.message)
      return []
    }
  })
  const { twice } = planFiles(read, [])
  faults.push(...twice.map(twiceFault))
  if (faults.length > 0) throw new StartUpError(faults.join('\n'))
  return read
}
