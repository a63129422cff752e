import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a certificate for 127.0.0.1 that signs itself, good for a day, with openssl. */
export function makeSelfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const file = (name: string) => join(folder, name)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=message centre', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', file('key'), '-out', file('cert')]
  try {
    execFileSync('openssl', ['req', '-x509', '-days', '1', ...curve, ...names, ...files], { stdio: 'ignore' })
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
