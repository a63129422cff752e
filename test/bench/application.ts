import { join } from 'node:path'
import { createHttpClient } from './http-client.ts'
import type { Member } from './members.ts'
import { start } from './processes.ts'
import { createSignIn } from './sign-in.ts'
import type { SmsSink } from './sms-gateway.ts'
import { measure } from './statistics.ts'

/** Secret of the demo clients in every benchmark. */
export const secret = 'benchmark-secret-of-the-demo-clients-0123456789'

export type Application = { issuer: string; demo: string; stop(): Promise<void> }

const root = join(import.meta.dirname, '../..')

/** Settings of the application under measurement: demo data, no limits per address, SMS into the sink. */
export function applicationVariables(
  storage: Record<string, string>,
  processes: number,
  sms: SmsSink,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...storage,
    NODE_ENV: 'development',
    PORT: '0',
    DEMO_PORT: '0',
    LOG_LEVEL: 'warn',
    IP_LIMIT_FACTOR: '100000',
    WEB_CONCURRENCY: String(processes),
    SMS_DRIVER: 'http',
    SMS_GATEWAY_URL: sms.url,
    DEMO_CLIENT_SECRET: secret,
  }
}

/** Starts the application as operators do; `BENCH_NODE_ARGS` goes to its Node. */
export async function startApplication(variables: NodeJS.ProcessEnv): Promise<Application> {
  const args = [...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), join(root, 'src/main.ts')]
  const { line, stop } = await start(args, (text) => text.includes('"msg":"ready"'), variables)
  const { issuer, demoPort } = JSON.parse(line) as { issuer: string; demoPort: number }
  return { issuer, demo: `http://localhost:${demoPort}`, stop }
}

/** Makes one turn of later sign-ins; each turn takes up the members where the last one ended. */
export function createSignInLoad(
  { issuer, demo }: Application,
  members: Member[],
  sms: SmsSink,
  { lanes, seconds }: { lanes: number; seconds: number },
) {
  const http = createHttpClient(lanes)
  const application = { issuer, clientId: 'demo-portal', clientSecret: secret, redirectUri: `${demo}/callback` }
  const signIn = createSignIn(http, sms, application)
  let next = 0
  return (warmUpSeconds: number) =>
    measure({ lanes, warmUpSeconds, seconds }, () => signIn(members[next++ % members.length]!))
}
