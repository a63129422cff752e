import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { insuranceNumberCheckDigit } from '../../src/domain/register/insurance-number.ts'

/** Which members a file names: `count` from the number `from` on, `moved` of them (the first) with another address. */
export type MemberFile = { count: number; from?: number; moved?: number }

const heading =
  'insurance_number;insurer_number;given_name;family_name;birth_date;street;postal_code;city;country;address_addition;' +
  'coverage_from;coverage_to;guardian_consent_required;deceased_on;large_print'

/** Writes a member file in constant memory; the same description gives the same members. */
export async function writeMemberFile(path: string, { count, from = 0, moved = 0 }: MemberFile): Promise<void> {
  function* chunks() {
    yield `${heading}\n`
    for (let start = 0; start < count; start += 1000) {
      const lines = Array.from({ length: Math.min(1000, count - start) }, (_, n) =>
        lineOf(from + start + n, start + n < moved),
      )
      yield `${lines.join('\n')}\n`
    }
  }
  await pipeline(Readable.from(chunks()), createWriteStream(path))
}

/** The n-th insurance number, valid, and spread over the alphabet as real ones are. */
export function numberOf(n: number): string {
  const first9 = `${String.fromCharCode(65 + (n % 26))}${String((n * 48_271) % 100_000_000).padStart(8, '0')}`
  return `${first9}${insuranceNumberCheckDigit(first9)}`
}

function lineOf(n: number, moved: boolean): string {
  const day = `${1930 + (n % 80)}-${String((n % 12) + 1).padStart(2, '0')}-${String((n % 28) + 1).padStart(2, '0')}`
  const street = `${moved ? 'Kirchberg' : 'Wiesengrund'} ${n % 300}`
  const postalCode = String(80_000 + (n % 7000))
  return `${numberOf(n)};108310400;Rosa;Probe ${n};${day};${street};${postalCode};München;DE;;2010-01-01;;nein;;nein`
}
