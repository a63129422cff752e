import type { Actor } from '../../audit/event.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { Client } from '../../domain/clients/client.ts'
import type { Resource } from '../../domain/clients/scopes.ts'
import { StartUpError } from '../../errors.ts'
import type { ClientService } from './clients.ts'

/** A file of applications, which is read only when it has changed. */
type ClientSource = {
  name: string
  path: string
  /** Digest of its text and of what it rests on, as far as that is known; undefined when it cannot be read. */
  digest(restsOn: readonly string[]): string | undefined
  /** @throws StartUpError naming every fault */
  read(): {
    clients: Client[]
    resources: Resource[]
    defaultClient: Client | undefined
    warnings: string[]
    references: string[]
  }
}

type Log = Record<'info' | 'warn', (detail: object, message: string) => void>

/** Ids that one log line names. */
const mostNamed = 20

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
 * Applies a file, unless it is as it was.
 * @throws StartUpError naming every fault of the file
 */
export async function takeClientFile(
  source: ClientSource,
  { files }: ClientService,
  how: { actor: Actor; dryRun?: boolean },
) {
  const before = await files.applied(source.name)
  if (before && before.digest === source.digest(before.restsOn))
    return { outcome: { outcome: 'unchanged' as const }, warnings: [] }
  const { warnings, references, defaultClient, ...content } = source.read()
  const digest = source.digest(references) ?? ''
  const file = {
    ...content,
    name: source.name,
    digest,
    restsOn: references,
    defaultClient: defaultClient?.clientId ?? null,
  }
  return { outcome: await files.apply(file, how), warnings }
}
