import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './processes.ts'

/** PEM files of an authority of a test's own, and of a certificate for this machine that it signed. */
export type Certificates = { ca: string; certificate: string; key: string; remove(): void }

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes them with openssl, good for a day. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  const file = (name: string) => join(folder, `${name}.pem`)
  const make = (name: string, more: string[]) => {
    const files = ['-keyout', file(`${name}-key`), '-out', file(name)]
    return run('openssl', ['req', '-x509', ...newKey, '-days', '1', '-subj', `/CN=${name}`, ...files, ...more])
  }
  await make('authority', [])
  const names = [
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0.0.0.0',
    '-addext',
    'basicConstraints=CA:FALSE',
  ]
  await make('server', ['-CA', file('authority'), '-CAkey', file('authority-key'), ...names])
  return {
    ca: file('authority'),
    certificate: file('server'),
    key: file('server-key'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
