import { createHash } from 'node:crypto'
import PostgresClient, { type Statement } from 'knex/lib/dialects/postgres/index.js'

/** Names that a process gives at most; each is a plan in the memory of each of its connections. */
const mostNames = 400

/** Longer texts are those of loads, each of its own length. */
const longestText = 10_000

/** Its result has another shape once a migration has added a column, and PostgreSQL refuses a prepared statement then. */
const openShape = /^select (\S+\.)?\*|^with\b.*\bselect (\S+\.)?\*|\breturning (\S+\.)?\*/is

/**
 * What PostgreSQL answers when a prepared statement is gone, its result would have another shape now, or the server's
 * connection has it already: behind a pooler somebody else may have prepared it there.
 */
const unusable = ['26000', '0A000', '42P05']

/** Of the text alone: where processes share a connection of the server, no name ever means another statement. */
const nameFor = (text: string) => `s${createHash('sha256').update(text).digest('hex').slice(0, 24)}`

/** Creates the naming of statements: a text has a name from its second use on, the same wherever it is used. */
export function createStatementNames() {
  const names = new Map<string, string | undefined>()
  const seen = new Set<string>()
  return {
    /** The name of a text; undefined: it is parsed and planned at each use. */
    nameOf(text: string): string | undefined {
      if (names.has(text)) return names.get(text)
      if (names.size >= mostNames || text.length > longestText || openShape.test(text)) return undefined
      if (!seen.has(text)) {
        // What is used once shall not take the place of what is used always.
        if (seen.size >= mostNames) seen.clear()
        seen.add(text)
        return undefined
      }
      seen.delete(text)
      names.set(text, nameFor(text))
      return names.get(text)
    },
    /** Gives up the name of a text for good. */
    retire: (text: string) => void names.set(text, undefined),
  }
}

const names = createStatementNames()

/**
 * knex's PostgreSQL that prepares each statement by name, so that a connection parses it once and plans it a few times
 * (PostgreSQL documentation, PREPARE; docs/decisions/0037-prepared-statements.md).
 */
export class PreparingClient extends PostgresClient {
  override async _query(connection: unknown, statement: Statement): Promise<Statement> {
    const name = statement.bindings?.length ? names.nameOf(statement.sql) : undefined
    if (!name) return await super._query(connection, statement)
    statement.options = { ...statement.options, name }
    try {
      return await super._query(connection, statement)
    } catch (error) {
      if (unusable.includes((error as { code?: string }).code ?? '')) names.retire(statement.sql)
      throw error
    }
  }
}
