type Value = string | number | boolean | Date | null | readonly string[]

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const meant: Readonly<Record<string, string>> = { '\\\\': '\\', '\\t': '\t', '\\n': '\n', '\\r': '\r' }

/** Writes a row in the text format of COPY (PostgreSQL documentation, COPY, "Text Format"), with its line feed. Days are ISO dates. */
export const copyLine = (row: readonly Value[]): string => `${row.map((value) => escaped(textOf(value))).join('\t')}\n`

/** Reads the values of such a line as text. */
export const valuesOfLine = (line: string): (string | null)[] =>
  line
    .slice(0, -1)
    .split('\t')
    .map((text) => (text === '\\N' ? null : text.replace(/\\[\\tnr]/g, (each) => meant[each] ?? each)))

const escaped = (text: string | null) => {
  if (text === null) return '\\N'
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (each) => escapes[each] ?? each) : text
}

/** Lists hold hashes and key ids only, which need no quotes. */
function textOf(value: Value): string | null {
  if (typeof value === 'string' || value === null) return value
  if (Array.isArray(value)) return `{${value.join(',')}}`
  return value instanceof Date ? value.toISOString() : String(value)
}
