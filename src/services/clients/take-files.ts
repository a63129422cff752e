import type { Actor } from '../../audit/event.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import type { Resource } from '../../domain/clients/scopes.ts'
import { StartUpError } from '../../errors.ts'
import type { ClientService } from './clients.ts'
import type { FileOutcome } from './files.ts'

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

/** How often a file is read that is changed by another hand in the meantime. */
const mostReadings = 10

/**
 * Takes from the files of applications what has changed since they were last applied. A file that is as it was is not even parsed, and
 * clients of other hands are not looked at: a start costs the same with one client as with ten thousand.
 * @throws StartUpError naming every fault
 */
export async function takeClientFiles(
  sources: readonly ClientSource[],
  clients: ClientService,
  log: Log,
): Promise<void> {
  for (const source of sources) {
    const { outcome, warnings } = await takeClientFile(source, clients, { actor: 'system' })
    for (const warning of warnings) log.warn({ warning }, 'registered application')
    if (outcome.outcome === 'refused')
      throw new StartUpError(
        `${source.path} cannot be applied:\n${outcome.faults.map((fault) => `  ${fault}`).join('\n')}`,
      )
    if (outcome.outcome !== 'applied') continue
    const named = (wanted: ClientChange['change']) => {
      const ids = outcome.changes.filter(({ change }) => change === wanted).map(({ clientId }) => clientId)
      return ids.length > mostNamed ? [...ids.slice(0, mostNamed), `and ${ids.length - mostNamed} more`] : ids
    }
    const [registered, changed, back, gone] = (['registered', 'changed', 'back', 'gone'] as const).map(named)
    log.info({ file: source.name, registered, changed, back, gone }, 'applications taken from their file')
  }
}

/**
 * Applies a file, unless it is as it was. A file that is changed between its reading and its turn is read again: a slow start takes back
 * nothing that was applied meanwhile.
 * @throws StartUpError naming every fault of the file
 */
export async function takeClientFile(
  source: ClientSource,
  { files }: ClientService,
  how: { actor: Actor; dryRun?: boolean; takeOver?: boolean },
): Promise<{ outcome: FileOutcome; warnings: string[] }> {
  for (let readings = 0; readings < mostReadings; readings++) {
    const before = await files.applied(source.name)
    if (before && before.digest === source.digest(before.restsOn))
      return { outcome: { outcome: 'unchanged' }, warnings: [] }
    const { warnings, references, defaultClient, digest, ...content } = source.read()
    const isCurrent = () => source.digest(references) === digest
    const file = {
      ...{ ...content, name: source.name, digest, restsOn: references },
      defaultClient: defaultClient?.clientId ?? null,
    }
    const outcome = await files.apply(file, { ...how, isCurrent })
    if (outcome.outcome !== 'outdated') return { outcome, warnings }
  }
  throw new StartUpError(`${source.path} is changed again and again while it is read; apply it when it is done.`)
}
