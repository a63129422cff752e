import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartUpError } from '../errors.ts'

/** Secrets of a development installation, in the text form of the environment variables. */
export type DevelopmentSecrets = {
  cookieKeys: string
  encryptionKeys: string
  hashKeys: string
  demoClientSecret: string
}

/** Reads the data folder's own secrets, made once with owner-only rights (development only). */
export function loadDevelopmentSecrets(dataDir: string): DevelopmentSecrets {
  const path = join(dataDir, 'secrets.json')
  const read = () => JSON.parse(readFileSync(path, 'utf8')) as DevelopmentSecrets
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(dataDir, error)
  }
  const key = () => `dev:${randomBytes(32).toString('base64')}`
  const secrets: DevelopmentSecrets = {
    cookieKeys: key(),
    encryptionKeys: key(),
    hashKeys: key(),
    demoClientSecret: randomBytes(32).toString('base64url'),
  }
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    createWhole(path, JSON.stringify(secrets, null, 2))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(dataDir, error)
    return read()
  }
  return secrets
}

/** Makes a file that others see whole or not at all. @throws EEXIST when another process was first */
function createWhole(path: string, content: string): void {
  const draft = `${path}.${randomUUID()}`
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
    linkSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

function unusable(dataDir: string, error: unknown): StartUpError {
  const { code, message } = error as NodeJS.ErrnoException
  return new StartUpError(
    `The data folder ${dataDir} cannot be used (${code ?? message}). Give this user the right to it, or set DATA_DIR to another folder.`,
  )
}
