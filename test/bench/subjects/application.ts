import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import type { SmsSink } from '../sms-gateway.ts'
import type { CleanUps } from './clean-ups.ts'
import { start } from './processes.ts'
import type { Subject } from './revision.ts'
import { temporaryFolder } from './storage.ts'

/** Secret of the demo clients in every benchmark. */
export const secret = 'benchmark-secret-of-the-demo-clients-0123456789'

export type Application = { issuer: string; demo: string; pid: number; stop(): Promise<void> }

/** Limits that are not told by address: a few people who sign in again and again would meet them, or a machine that is busy elsewhere. */
const lifted = [
  ['mtan', 'signIn', 'perNumberAndHour'],
  ['mtan', 'signIn', 'perNumberAndDay'],
  ['mtan', 'registration', 'globalPerHour'],
  ['authorizationRequests', 'perKnownBrowserAndMinute'],
  ['loadShedding', 'eventLoopDelay', 'begin'],
  ['loadShedding', 'knownDevices', 'eventLoopDelay', 'begin'],
]

/** Copies the configuration of what is measured, with those limits out of the way; answers the folder. */
export async function liftLimits({ root }: Subject, cleanUps: CleanUps): Promise<string> {
  const folder = await temporaryFolder(cleanUps)
  await cp(join(root, 'config'), folder, { recursive: true })
  const path = join(folder, 'limits.yaml')
  const limits = parseDocument(await readFile(path, 'utf8'))
  for (const limit of lifted) if (limits.hasIn(limit)) limits.setIn(limit, 10_000_000)
  await writeFile(path, String(limits))
  return folder
}

/** Settings of the application under measurement: demo data, no limits per address, SMS into the sink. */
export function applicationVariables(
  storage: Record<string, string>,
  processes: number,
  sms: SmsSink,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DATABASE_URL: undefined,
    REDIS_URL: undefined,
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
export async function startApplication(
  { root }: Pick<Subject, 'root'>,
  variables: NodeJS.ProcessEnv,
): Promise<Application> {
  const args = [...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), join(root, 'src/main.ts')]
  const { line, child, stop } = await start(args, (text) => text.includes('"msg":"ready"'), variables, root)
  const { issuer, demoPort } = JSON.parse(line) as { issuer: string; demoPort: number }
  return { issuer, demo: `http://localhost:${demoPort}`, pid: child.pid ?? 0, stop }
}
