import type { Report } from './parts/report.ts'
import { channels } from './scenarios/channels.ts'
import { clock } from './scenarios/clock.ts'
import { kills } from './scenarios/kills.ts'
import { postgres } from './scenarios/postgres.ts'
import { redis } from './scenarios/redis.ts'
import { suite } from './scenarios/suite.ts'
import { wholeWay } from './scenarios/whole-way.ts'

/**
 * `npm run test:faults -- <scenario> …`: faults on a whole installation of its own, a line per round, a JSON summary in the end; exit
 * code 1 when a round found something wrong. Without a name all of them run.
 */
const scenarios: Record<string, (print: (line: string) => void) => Promise<Report>> = {
  'whole-way': (print) => wholeWay(print),
  kills: (print) => kills(print),
  postgres,
  redis,
  channels,
  clock,
  // Parts alone.
  'print-run': suite('print-run'),
  import: suite('import'),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !scenarios[name])
if (unknown.length > 0) {
  console.error(`No scenario ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}.`)
  process.exit(2)
}
const reports: Report[] = []
for (const name of asked.length > 0 ? asked : Object.keys(scenarios)) {
  const run = scenarios[name]
  if (!run) continue
  const broken = (error: Error) => ({
    scenario: name,
    rounds: 0,
    faults: [`it broke off: ${error.message}`],
    seconds: 0,
  })
  reports.push(await run((line) => console.log(line)).catch(broken))
}
const faults = reports.flatMap((report) => report.faults.map((fault) => `${report.scenario} ${fault}`))
console.log(JSON.stringify({ ok: faults.length === 0, scenarios: reports }))
process.exit(faults.length === 0 ? 0 : 1)
