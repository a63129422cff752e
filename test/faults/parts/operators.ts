import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doctor } from '../../../src/cli/commands/doctor.ts'
import { jobCommands } from '../../../src/cli/commands/jobs.ts'
import { membersImport } from '../../../src/cli/commands/members.ts'
import { printRunCommands } from '../../../src/cli/commands/print-runs.ts'
import { runCli } from '../../../src/cli/frame.ts'
import { until } from '../../support/servers/processes.ts'
import { houseOf, type PrintedLetter, readLetters } from './post-office.ts'

const commands = [membersImport, doctor, ...printRunCommands, ...jobCommands]
const head =
  'insurance_number;insurer_number;given_name;family_name;birth_date;street;postal_code;city;country;coverage_from;coverage_to;guardian_consent_required;deceased_on'

type Answer = { exitCode: number; [key: string]: unknown }

export type Operators = ReturnType<typeof createOperators>

/** The people at the command line, beside the running processes; runs arrive in `shopFolder`. */
export function createOperators(variables: Record<string, string>, shopFolder: string) {
  async function command(...args: string[]): Promise<Answer> {
    let out = ''
    // Each operator has an account of his own on the machine.
    const osAccount = () => args[args.indexOf('--operator') + 1] ?? ''
    const io = { variables, osAccount, out: (text: string) => (out += text), err: () => {} }
    const exitCode = await runCli(commands, [...args, '--json'], io as never)
    return { ...JSON.parse(out), exitCode }
  }
  async function insist(...args: string[]): Promise<Answer> {
    const answer = await command(...args)
    if (answer.exitCode !== 0) throw new Error(`${args[0]}: ${JSON.stringify(answer).slice(0, 2000)}`)
    return answer
  }
  return {
    command,
    /** Brings members into the register; each lives in a house of its own. */
    async importMembers(numbers: readonly string[]): Promise<void> {
      const file = join(variables.DATA_DIR ?? '', 'members.csv')
      const lines = numbers.map(
        (number) =>
          `${number};108310400;Paula;Probst;1980-05-05;Testweg ${houseOf(number)};80331;München;DE;2010-01-01;;nein;`,
      )
      writeFileSync(file, `${[head, ...lines].join('\n')}\n`)
      await insist('members:import', file)
    },
    /** Prepares, releases and posts what waits, by two people; `posted` gets the letters of each run as the print shop read them. */
    async postLetters(posted: PrintedLetter[], seconds = 60): Promise<void> {
      const open = (await insist('print-runs:list')).runs as { id: string; state: string }[]
      const prepared = await insist('print-runs:prepare', '--operator', 'first.person')
      const waiting = open.filter(({ state }) => state === 'prepared' || state === 'released').map(({ id }) => id)
      const runs = [...new Set([...waiting, ...(prepared.runId ? [String(prepared.runId)] : [])])]
      for (const run of runs) {
        await command('print-runs:release', run, '--operator', 'second.person')
        await until('the run is with the print shop', async () => existsSync(join(shopFolder, `${run}.json`)), seconds)
        const manifest = JSON.parse(readFileSync(join(shopFolder, `${run}.json`), 'utf8'))
        const read = readLetters(readFileSync(join(shopFolder, `${run}.pdf`)), manifest)
        await until(
          'the run is posted',
          async () => (await command('print-runs:post', run, '--operator', 'second.person')).exitCode === 0,
          seconds,
        )
        posted.push(...read)
      }
    },
    /** What `doctor` finds wrong: nothing, when all is well. */
    async examine(): Promise<string[]> {
      const answer = await command('doctor')
      if (!Array.isArray(answer.findings)) return [JSON.stringify(answer)]
      const findings = answer.findings as { name: string; outcome: string; meaning?: string; ids?: string[] }[]
      return findings
        .filter(({ outcome }) => outcome === 'fault')
        .map(({ name, meaning, ids }) => `not true: ${name} (${meaning ?? ''} ${ids?.join(', ') ?? ''})`)
    },
  }
}
