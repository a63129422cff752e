import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const key = () => `dev:${randomBytes(32).toString('base64')}`
  const secrets: DevelopmentSecrets = {
    cookieKeys: key(),
    encryptionKeys: key(),
    hashKeys: key(),
    demoClientSecret: randomBytes(32).toString('base64url'),
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, JSON.stringify(secrets, null, 2), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return read()
  }
  return secrets
}
