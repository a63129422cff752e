import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Holds migrations to expand/contract (docs/operate/upgrade.md): the version before runs beside the new one, so `up` may
 * add, never take away or tighten. What nobody uses any more may go with a line `// contract: since <version> …`.
 */

const folder = resolve(import.meta.dirname, '../migrations')

const rules: { name: string; found: RegExp }[] = [
  { name: 'drops a table', found: /\bdropTable(IfExists)?\(|\bdrop table\b/i },
  { name: 'drops a column', found: /\bdropColumns?\(|\bdrop column\b/i },
  { name: 'renames', found: /\brename(Table|Column)\(|\brename (to|column)\b/i },
  {
    name: 'changes a type or tightens a column',
    found: /\.alter\(|\balter column\b(?! \S+ set default)|\bset not null\b/i,
  },
  { name: 'adds a check that old rows must pass at once', found: /\badd constraint\b(?![^;`']*not valid)/i },
]

/** Tables that grow with members or events: an index on them is made concurrently, outside a transaction. */
const bigTables = [
  'insured_persons',
  'accounts',
  'unlock_letters',
  'audit_events',
  'known_browsers',
  'activation_links',
]

/** Finds what in a migration would stop the version before; each fault is one sentence. */
export function findFaults(name: string, source: string): string[] {
  if (/^\s*\/\/ contract: since \d+\.\d+/m.test(source)) return []
  const up = source.replace(/export async function down[\s\S]*?\n\}\n/, '')
  const created = [...up.matchAll(/createTable\('(\w+)'|create (?:unlogged )?table (\w+)/g)].map(
    (match) => match[1] ?? match[2],
  )
  const faults = rules.filter(({ found }) => found.test(up)).map(({ name: what }) => `${name} ${what}`)
  for (const [, table = ''] of addedNotNull(up))
    faults.push(`${name} adds a column to ${table} that old rows cannot have`)
  for (const [text, table = ''] of up.matchAll(/create (?:unique )?index (?!concurrently).*? on (\w+)/gi))
    if (bigTables.includes(table) && !created.includes(table) && !/where /i.test(following(up, text)))
      faults.push(`${name} makes an index on ${table} without "concurrently"`)
  return faults
}

/** `alterTable` with a column that is neither nullable nor has a default: the version before would fail to insert. */
function addedNotNull(up: string) {
  return [...up.matchAll(/alterTable\('(\w+)'[\s\S]*?\n {2}\}\)/g)].filter(([block]) =>
    block.split('\n').some((line) => line.includes('.notNullable()') && !line.includes('.defaultTo(')),
  )
}

const following = (up: string, text: string) =>
  up.slice(up.indexOf(text), up.indexOf(text) + 300).split(/[`';]\)/)[0] ?? ''

if (import.meta.main) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  const faults = names.flatMap((name) => findFaults(name, readFileSync(join(folder, name), 'utf8')))
  for (const fault of faults) console.error(`migrations/${fault}. See docs/operate/upgrade.md, "Expand and contract".`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
