/** knex's dialect, which it publishes without types. */
declare module 'knex/lib/dialects/postgres/index.js' {
  import type { Knex } from 'knex'

  /** One statement on its way; `options` go to node-postgres with it. */
  export type Statement = { sql: string; bindings?: readonly unknown[]; options?: object }

  export default class PostgresClient extends Knex.Client {
    _query(connection: unknown, statement: Statement): Promise<Statement>
  }
}
