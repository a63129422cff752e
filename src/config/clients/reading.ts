import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hashToken } from '../../crypto/field-encryption.ts'
import { type Places, readReference } from './references.ts'

/** A file of applications; `demoOrigin` marks a demo file and replaces `{demo_origin}` in it (development only). */
export type ClientFile = { path: string; demoOrigin?: string }

/** How an entry is understood: with another number every file is applied anew. */
const version = 1

/** A file of applications at one moment. */
export type Reading = ReturnType<typeof createReading>

/**
 * Reads a file of applications, and what it names, each at most once: what is understood and what is digested are the same, whatever
 * is changed meanwhile. `more`: what else decides how it is understood.
 */
export function createReading(file: ClientFile, places: Places, more = '') {
  const values = new Map<string, string | undefined>()
  let kept: string | undefined
  /** @throws as readFileSync */
  const text = (): string => {
    kept ??= readFileSync(file.path, 'utf8')
    return file.demoOrigin === undefined ? kept : kept.replaceAll('{demo_origin}', file.demoOrigin)
  }
  const dereference = (from: string): string | undefined => {
    if (!values.has(from)) values.set(from, readReference(from, places))
    return values.get(from)
  }
  return {
    ...{ file, text },
    /** What `env:NAME` or `file:path` holds; undefined when there is none. */
    dereference,
    /** Digest of the text and of what it names. @throws as readFileSync */
    digest(references: readonly string[]): string {
      const hashes = references.map((from) => {
        const value = dereference(from)
        return value && hashToken(value)
      })
      return createHash('sha256')
        .update(JSON.stringify([version, text(), hashToken(more), ...hashes]))
        .digest('base64url')
    },
  }
}
