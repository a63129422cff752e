import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { demoPassword } from './seed.ts'
import type { DemoStaff } from './staff.ts'

type Settings = {
  dataDir: string
  issuer: string
  demoPort: number
  secret: string | undefined
  staff: readonly DemoStaff[]
}

/** Writes `demo.json` and tells the same as a short table (contract.md, "Demo clients"). */
export async function announce({ dataDir, issuer, demoPort, secret, staff }: Settings): Promise<string> {
  const facts = {
    addresses: {
      issuer,
      demo: `http://localhost:${demoPort}`,
      postbox: `${issuer}/dev/postbox`,
      console: `${issuer}/admin`,
    },
    clients: [
      { clientId: 'demo-portal', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
      { clientId: 'demo-spa', tokenEndpointAuthMethod: 'none' },
      { clientId: 'demo-third-party', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
      { clientId: 'demo-service', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
    ],
    logins: [
      { username: 'lena.huber', password: demoPassword, state: 'active' },
      { username: 'josef.bauer', password: demoPassword, state: 'letter posted; the code lies in the postbox' },
    ],
    staff,
  }
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, 'demo.json'), `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 })
  const rows = [
    ['Demo application', facts.addresses.demo],
    ['Registration', `${issuer}/registrierung`],
    ['Postbox (SMS, e-mail, letters)', facts.addresses.postbox],
    ['Discovery', `${issuer}/.well-known/openid-configuration`],
    ...facts.logins.map((login) => [`Log-in ${login.username}`, `${login.password}  (${login.state})`]),
    ['Console', facts.addresses.console],
    ...staff.map((login) => [`Staff ${login.email}`, `${login.password}  (TOTP ${login.totpSecret})`]),
    ...facts.clients.map((client) => [`Client ${client.clientId}`, client.clientSecret ?? 'public']),
  ]
  const width = Math.max(...rows.map(([label]) => label?.length ?? 0))
  return `\n${rows.map(([label, value]) => `  ${label?.padEnd(width)}  ${value}`).join('\n')}\n\n`
}
