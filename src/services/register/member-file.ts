import { open } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import type { LineSet } from './line-set.ts'

/** The columns of a member file, with the German heading that is understood as well; `optional` ones may be absent. */
const columns = {
  insurance_number: { german: 'versichertennummer' },
  insurer_number: { german: 'kassenummer' },
  given_name: { german: 'vorname' },
  family_name: { german: 'nachname' },
  birth_date: { german: 'geburtsdatum' },
  street: { german: 'strasse' },
  postal_code: { german: 'plz' },
  city: { german: 'ort' },
  country: { german: 'land', optional: true },
  address_addition: { german: 'adresszusatz', optional: true },
  coverage_from: { german: 'versichert_ab' },
  coverage_to: { german: 'versichert_bis' },
  guardian_consent_required: { german: 'einwilligungsvorbehalt' },
  deceased_on: { german: 'verstorben_am' },
  large_print: { german: 'grossdruck', optional: true },
} as const satisfies Record<string, { german: string; optional?: true }>

export type MemberColumn = keyof typeof columns
export type MemberValues = Partial<Record<MemberColumn, string>>

/** One line of the file; `unreadable` when its quotes or its number of fields are wrong. `bytes` counts the file so far. */
export type MemberLine = { line: number; bytes: number } & (
  | { values: MemberValues }
  | { unreadable: 'quotes' | 'field_count' }
)

type FaultReason = 'not_found' | 'not_readable' | 'encoding' | 'line_too_long' | 'empty' | 'columns' | 'changed'

/** The file as a whole cannot be imported; the message says in one sentence what to mend and holds no personal data. */
export class MemberFileFault extends Error {
  override name = 'MemberFileFault'
  readonly reason: FaultReason
  constructor(reason: FaultReason, message: string) {
    super(message)
    this.reason = reason
  }
}

const longestLine = 64 * 1024

/**
 * Reads a member file line by line in constant memory: UTF-8 with or without byte order mark, `;` or `,` between
 * the fields, fields in double quotes where needed, one member per line, a heading first. `wanted`: the others are passed over.
 * @throws MemberFileFault
 */
export async function* readMemberFile(path: string, wanted?: Pick<LineSet, 'has'>): AsyncGenerator<MemberLine> {
  let heading: Heading | undefined
  let members = 0
  for await (const { line, bytes, text } of readLines(path)) {
    if (text.trim() === '') continue
    if (!heading) {
      heading = readHeading(text)
      continue
    }
    members++
    if (wanted && !wanted.has(line)) continue
    const fields = withoutEnd(splitLine(text, heading.delimiter), heading)
    if (!fields) yield { line, bytes, unreadable: 'quotes' }
    else if (fields.length !== heading.names.length) yield { line, bytes, unreadable: 'field_count' }
    else yield { line, bytes, values: Object.fromEntries(heading.names.map((name, index) => [name, fields[index]])) }
  }
  if (!heading) throw new MemberFileFault('empty', `The file ${path} is empty.`)
  if (members === 0) throw new MemberFileFault('empty', `The file ${path} has a heading but no members.`)
}

/** `openEnd`: each line of the file ends with a delimiter, as many systems write them, and nothing stands behind it. */
type Heading = { names: MemberColumn[]; delimiter: string; openEnd: boolean }

const withoutEnd = (fields: string[] | undefined, { openEnd }: Pick<Heading, 'openEnd'>) =>
  openEnd && fields?.at(-1) === '' ? fields.slice(0, -1) : fields

/** Never repeats a heading that it does not know: without a heading row that would be a member's data. */
function readHeading(text: string): Heading {
  const delimiter = text.split(';').length >= text.split(',').length ? ';' : ','
  const openEnd = text.endsWith(delimiter)
  const fields = withoutEnd(splitLine(text, delimiter), { openEnd }) ?? []
  const given = fields.map((name) => name.trim().toLowerCase().replace('ß', 'ss'))
  const known = Object.entries(columns) as [MemberColumn, { german: string; optional?: true }][]
  const names = given.map((name) => known.find(([english, { german }]) => name === english || name === german)?.[0])
  const missing = known.filter(([name, { optional }]) => !optional && !names.includes(name)).map(([name]) => name)
  if (missing.length > 0)
    throw new MemberFileFault('columns', `The heading (first line) lacks these columns: ${missing.join(', ')}.`)
  const unknown = names.flatMap((name, index) => (name ? [] : [index + 1]))
  if (unknown.length > 0) {
    const allowed = Object.keys(columns).join(', ')
    throw new MemberFileFault('columns', `Column ${unknown.join(', ')} of the heading is not one of: ${allowed}.`)
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) throw new MemberFileFault('columns', `The heading names the column ${twice} twice.`)
  return { names: names as MemberColumn[], delimiter, openEnd }
}

/** Splits a line that is not blank into its fields; undefined when its quotes are wrong. */
export function splitLine(text: string, delimiter: string): string[] | undefined {
  // Most files quote nothing, and the parser costs more per call than everything else of a line.
  if (!/["\r]/.test(text)) return text.split(delimiter)
  try {
    return parse(text, { delimiter, relax_column_count: true })[0] as string[] | undefined
  } catch {
    return undefined
  }
}

async function* readLines(path: string): AsyncGenerator<{ line: number; bytes: number; text: string }> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 0
  let bytes = 0
  for await (const raw of splitBytes(path)) {
    line++
    bytes += raw.length
    try {
      yield { line, bytes, text: decoder.decode(raw).replace(/\r?\n$/, '') }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const mend = 'Save the file as "CSV UTF-8" and import it again.'
      throw new MemberFileFault('encoding', `Line ${line} is not in UTF-8. ${mend}`)
    }
  }
}

/** Cuts the file at its line feeds, which in UTF-8 are never part of another character. */
async function* splitBytes(path: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of readChunks(path)) {
    const block = Buffer.concat([rest, chunk])
    let start = 0
    for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, start)) {
      yield block.subarray(start, end + 1)
      start = end + 1
    }
    rest = block.subarray(start)
    if (rest.length > longestLine)
      throw new MemberFileFault('line_too_long', `The file has a line over ${longestLine} bytes. Is it a CSV file?`)
  }
  if (rest.length > 0) yield rest
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = await openMemberFile(path)
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk as Buffer
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** Tells the size of a member file in bytes and a mark that changes when the file is written. @throws MemberFileFault */
export async function inspectMemberFile(path: string): Promise<{ bytes: number; mark: string }> {
  const file = await openMemberFile(path)
  try {
    const { size, mtimeMs, ino } = await file.stat()
    return { bytes: size, mark: `${ino}:${size}:${mtimeMs}` }
  } finally {
    await file.close()
  }
}

function openMemberFile(path: string) {
  return open(path).catch((error) => {
    throw unreadable(path, error)
  })
}

function unreadable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (!code) return error
  if (code === 'ENOENT') return new MemberFileFault('not_found', `There is no file ${path}.`)
  return new MemberFileFault('not_readable', `The file ${path} cannot be read (${code}).`)
}
