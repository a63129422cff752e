import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { canVerify, holdsSecret } from '../../domain/public-keys.ts'
import { hashToken } from '../../gateways/field-encryption.ts'
import { isWeakWord } from '../weak-secrets.ts'
import type { Fault } from './rules.ts'
import type { ClientEntry } from './schema.ts'

/** Where references lead: variables by name, files relative to `baseDir`; demo secrets may be short or missing. */
export type Sources = { environment: Readonly<Record<string, string | undefined>>; baseDir: string; demo: boolean }

type Secrets = { hashes: string[]; faults: Fault[]; warnings: Fault[] }

/** Reads the secrets of an entry and keeps their hashes only; faults and warnings never show a secret. */
export function readSecrets(entry: ClientEntry, sources: Sources): Secrets {
  const { client_secret: given = [] } = entry
  const list = Array.isArray(given) ? given : [given]
  const faults: Fault[] = []
  const warnings: Fault[] = []
  const hashes: string[] = []
  for (const [index, { from }] of list.entries()) {
    const path = Array.isArray(given) ? ['client_secret', index, 'from'] : ['client_secret', 'from']
    const secret = readReference(from, sources)
    const message = sources.demo ? undefined : secretFault(from, secret)
    if (message) faults.push({ path, message })
    else if (secret) hashes.push(hashToken(secret))
    if (secret && !sources.demo && !message && !travels.test(secret))
      warnings.push({ path, message: encodingWarning(from) })
  }
  return { hashes, faults, warnings }
}

/** Reads the secret that `env:NAME` or `file:path` names; `undefined` when there is none. */
export function readReference(from: string, { environment, baseDir }: Omit<Sources, 'demo'>): string | undefined {
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

/** Reads the public keys of `jwks_file` (RFC 7517). */
export function readKeys(
  entry: ClientEntry,
  { baseDir }: Sources,
): { jwks?: { keys: Record<string, unknown>[] }; faults: Fault[] } {
  if (!entry.jwks_file) return { faults: [] }
  const fault = (message: string) => ({ faults: [{ path: ['jwks_file'], message }] })
  let content: { keys?: unknown }
  try {
    content = JSON.parse(readFileSync(resolve(baseDir, entry.jwks_file), 'utf8'))
  } catch {
    return fault(`${entry.jwks_file} cannot be read as JSON below ${baseDir}`)
  }
  const keys = Array.isArray(content?.keys) ? (content.keys as Record<string, unknown>[]) : []
  if (keys.length === 0) return fault('holds no keys; it must be a JSON Web Key Set: {"keys": […]}')
  if (keys.some((key) => Object(key) !== key))
    return fault('holds something that is no key; it must be a JSON Web Key Set')
  if (keys.some(holdsSecret)) return fault('holds a private or symmetric key; put public keys only')
  if (!keys.some(canVerify))
    return fault('holds no key that verifies signatures; put one of EC P-256, Ed25519, or RSA of at least 2048 bits')
  return { jwks: { keys }, faults: [] }
}
