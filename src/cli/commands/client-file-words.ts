import { keyOf } from '../../config/clients.ts'
import type { ClientChange } from '../../domain/clients/changes.ts'
import type { FileOutcome } from '../../services/clients/files.ts'
import type { CliResult } from '../frame.ts'
import { seen } from './client-words.ts'

/** What applying files does, or would do, for a person. */
export function describeOutcome(
  outcome: FileOutcome,
  { warnings, several }: { warnings: readonly string[]; several: boolean },
): Pick<CliResult, 'exitCode' | 'text'> {
  if (outcome.outcome === 'unchanged')
    return {
      exitCode: 0,
      text: `Nothing to do: ${several ? 'the files are as they were' : 'the file is as it was'} applied.`,
    }
  if (outcome.outcome === 'refused')
    return { exitCode: 1, text: ['Nothing was changed:', ...outcome.faults.map((fault) => `  ${fault}`)].join('\n') }
  const end = outcome.outcome === 'planned' ? 'Nothing was written.' : seen
  const lines = outcome.changes.flatMap((change) => describeChange(change, several))
  const changes = lines.length > 0 ? lines : ['No application changes.']
  return { exitCode: 0, text: [...warnings.map((warning) => `Warning: ${warning}`), ...changes, end].join('\n') }
}

const signs = { registered: '+', changed: '~', gone: '-', back: '+', taken_over: '~', moved: '~', removal: '-' }
const words = {
  registered: 'registered',
  back: 'back',
  gone: 'gone from the file, let in no more',
  taken_over: 'managed by the file from now on',
  removal: 'removal for good is asked for, one of the staff approves it at the console, below /admin/approvals',
}

/** One line for the client, and one for each field that has another value; nothing of secrets. */
function describeChange(each: ClientChange, several: boolean): string[] {
  const { clientId, change, suspended, differences = [] } = each
  const details = differences.map(({ field, before, after }) => `    ${keyOf(field)}: ${difference(before, after)}`)
  const still = suspended ? '; it stays suspended until clients:lift' : ''
  return [`${signs[change]} ${clientId}: ${whatOf(each)}${still}${several ? ` (${each.file})` : ''}`, ...details]
}

function whatOf({ change, fields, from, file }: ClientChange): string {
  if (change === 'changed') return [...new Set(fields.map(keyOf))].join(', ')
  return change === 'moved' ? `moved from ${from} to ${file}` : words[change]
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
