import type { PGlite } from '@electric-sql/pglite'

const sync = 'S'.charCodeAt(0)
/** Parse, Bind, Describe, Execute, Close and Flush: parts of an extended query that ends with Sync (PostgreSQL protocol, 55.2.3). */
const partsOfExtendedQuery = new Set([...'PBDECH'].map((letter) => letter.charCodeAt(0)))

/**
 * Wraps PGlite for its socket server, which shares the one session among connections message by message. Without this,
 * the unnamed statement of one connection could be bound by another: a begun extended query counts like a transaction,
 * during which the server serves only the connection that began it.
 */
export function shareOneSession(db: PGlite): PGlite {
  let extendedQueryOpen = false
  const shared: Partial<PGlite> = {
    waitReady: db.waitReady,
    isInTransaction: () => extendedQueryOpen || db.isInTransaction(),
    runExclusive: (work) => db.runExclusive(work),
    execProtocolRawStream(message, options) {
      const type = message[0] ?? 0
      if (partsOfExtendedQuery.has(type)) extendedQueryOpen = true
      if (type === sync) extendedQueryOpen = false
      return db.execProtocolRawStream(message, options)
    },
    exec(query, options) {
      extendedQueryOpen = false
      return db.exec(query, options)
    },
  }
  return shared as PGlite
}
