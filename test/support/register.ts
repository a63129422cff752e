import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { insuranceNumberCheckDigit } from '../../src/domain/register/insurance-number.ts'
import type { TestApp } from './app.ts'
import { bare } from './machine/child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A line of the member file; unset: covered since 2010, no guardian, alive. */
export type Member = { insuranceNumber: string; coverageTo?: string; guardian?: boolean; deceasedOn?: string }

/** Valid insurance numbers that no demo member has. */
export function freshNumbers(count: number, letter = 'R'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const first9 = `${letter}${String(31_000_000 + index * 137)}`
    return `${first9}${insuranceNumberCheckDigit(first9)}`
  })
}

/** Brings members into the register, or changes them, as an operator does: by the command line beside the running service. */
export async function importMembers(app: TestApp, members: Member[]): Promise<void> {
  const head =
    'insurance_number;insurer_number;given_name;family_name;birth_date;street;postal_code;city;country;address_addition;' +
    'coverage_from;coverage_to;guardian_consent_required;deceased_on;large_print'
  const lines = members.map(
    ({ insuranceNumber, coverageTo = '', guardian = false, deceasedOn = '' }) =>
      `${insuranceNumber};108310400;Paula;Probst;1980-05-05;Testweg 1;80331;München;DE;;2010-01-01;${coverageTo};${guardian ? 'ja' : 'nein'};${deceasedOn};nein`,
  )
  const path = join(app.dataDir, 'members.csv')
  await writeFile(path, `${[head, ...lines].join('\n')}\n`)
  await promisify(execFile)(process.execPath, ['src/cli/main.ts', 'members:import', path, '--json'], {
    cwd: root,
    env: { ...bare, NODE_ENV: 'development', ...app.storage },
  })
}
