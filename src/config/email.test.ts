import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { emailFaults, loadEmail } from './email.ts'
import { readEnvironment } from './environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-email-'))
afterAll(() => rmSync(folder, { recursive: true }))

const pem = { type: 'pkcs8', format: 'pem' } as const
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey.export(pem) as string
const ed25519 = generateKeyPairSync('ed25519').privateKey.export(pem) as string
const names = { SMTP_DKIM_DOMAIN: 'example.org', SMTP_DKIM_SELECTOR: 'a' }

describe('the settings of e-mail', () => {
  it('take a key for DKIM', () => {
    const environment = readEnvironment({ ...names, SMTP_DKIM_KEY: rsa(2048) }).environment
    expect(emailFaults(environment)).toEqual([])
    expect(loadEmail(environment).dkim).toMatchObject({ domainName: 'example.org', keySelector: 'a' })
  })

  it.each([
    ['a domain alone', { SMTP_DKIM_DOMAIN: 'example.org' }, /SMTP_DKIM_SELECTOR and SMTP_DKIM_KEY must be set too/],
    ['a short key', { ...names, SMTP_DKIM_KEY: rsa(1024) }, /2048 bits/],
    ['a key with which nothing would be signed', { ...names, SMTP_DKIM_KEY: ed25519 }, /RSA/],
    ['what is no key', { ...names, SMTP_DKIM_KEY: 'none' }, /RSA/],
    ['an authority that is not there', { SMTP_CA_FILE: join(folder, 'missing') }, /SMTP_CA_FILE names .+missing/],
  ])('refuse %s', (_, variables, message) => {
    expect(emailFaults(readEnvironment(variables).environment).join()).toMatch(message)
  })

  it('read the authority of the relay', () => {
    const path = join(folder, 'ca.pem')
    writeFileSync(path, '-----BEGIN CERTIFICATE-----\n')
    const environment = readEnvironment({ SMTP_CA_FILE: path }).environment
    expect(emailFaults(environment)).toEqual([])
    expect(loadEmail(environment).ca).toContain('BEGIN CERTIFICATE')
  })
})
