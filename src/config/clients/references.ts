import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { Client } from '../../domain/clients/client.ts'
import { isWeakWord } from '../weak-secrets.ts'
import type { ClientEntry } from './schema.ts'
import type { Fault } from './yaml-file.ts'

/** Where references lead: variables by name, files relative to `baseDir`. */
export type Places = { environment: Readonly<Record<string, string | undefined>>; baseDir: string }

/** What references hold; demo secrets may be short or missing. */
type Sources = { dereference(from: string): string | undefined; baseDir: string; demo: boolean }

/** `references`: where the secrets of the hashes stand; `expected`: how many secrets the entry names, whether or not they could be read. */
type Secrets = {
  hashes: string[]
  references: string[]
  expected: number
  madeHere: boolean
  faults: Fault[]
  warnings: Fault[]
}

/** Reads the secrets of an entry and keeps their hashes only; faults and warnings never show a secret. */
export function readSecrets(entry: ClientEntry, sources: Sources): Secrets {
  const { client_secret: given = [] } = entry
  const list = Array.isArray(given) ? given : [given]
  const faults: Fault[] = []
  const warnings: Fault[] = []
  const hashes: string[] = []
  const references: string[] = []
  const madeHere = list.some(({ from }) => from === 'database')
  if (madeHere && list.length > 1)
    faults.push({ path: ['client_secret'], message: 'is made here or brought along; name database alone' })
  for (const [index, { from }] of list.entries()) {
    if (from === 'database') continue
    const path = Array.isArray(given) ? ['client_secret', index, 'from'] : ['client_secret', 'from']
    const secret = sources.dereference(from)
    const message = sources.demo ? undefined : secretFault(from, secret)
    if (message) faults.push({ path, message })
    else if (secret) {
      hashes.push(hashToken(secret))
      references.push(from)
    }
    if (secret && !sources.demo && !message && !travels.test(secret))
      warnings.push({ path, message: encodingWarning(from) })
  }
  return { hashes, references, expected: list.length, madeHere, faults, warnings }
}

/** Reads the secret that `env:NAME` or `file:path` names; `undefined` when there is none. */
export function readReference(from: string, { environment, baseDir }: Places): string | undefined {
  if (from.startsWith('env:')) return environment[from.slice(4)]?.trim()
  try {
    return readFileSync(resolve(baseDir, from.slice(5)), 'utf8').trim()
  } catch {
    return undefined
  }
}

/** What form encoding leaves as it is (RFC 6749 § 2.3.1 with appendix B): the same over Basic with and without it. */
const travels = /^[A-Za-z0-9._*-]+$/

const encodingWarning = (from: string) =>
  `${from}: the secret holds characters (+ / = …) that applications which do not form-encode Basic send wrong (RFC 6749 § 2.3.1); ${mend}`

const mend = 'make one with: openssl rand -hex 32'

/** 256 bits are 43 characters of base64url (security.md, "client authentication"). */
function secretFault(from: string, secret: string | undefined): string | undefined {
  if (!secret) return `${from} is not set or cannot be read; ${mend}`
  if (!/^[\x21-\x7e]+$/.test(secret)) return `${from} has blanks or characters beyond ASCII; ${mend}`
  if (secret.length < 43 || new Set(secret).size < 12) return `${from} is weaker than 256 bits; ${mend}`
  if (isWeakWord(secret)) return `${from} can be guessed; ${mend}`
  return undefined
}

/** Reads the key set of `jwks_file` (RFC 7517); what is in it is judged by `clientFaults`. */
export function readKeys(
  { jwks_file: file, jwks }: ClientEntry,
  { dereference, baseDir }: Sources,
): { jwks?: Client['jwks']; faults: Fault[] } {
  if (!file) return jwks ? { jwks, faults: [] } : { faults: [] }
  try {
    const { keys } = JSON.parse(dereference(`file:${file}`) ?? '') ?? {}
    return { jwks: { keys: Array.isArray(keys) ? keys : [] }, faults: [] }
  } catch {
    const message = `${file} cannot be read as JSON below ${baseDir}`
    return { jwks: { keys: [] }, faults: [{ path: ['jwks_file'], message }] }
  }
}

/** Everything outside the file that an entry rests on, as it is written there. */
export function referencesOf({ client_secret: given = [], jwks_file: file }: ClientEntry): string[] {
  const secrets = (Array.isArray(given) ? given : [given]).map(({ from }) => from)
  return [...secrets.filter((from) => from !== 'database'), ...(file ? [`file:${file}`] : [])]
}
