import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MemberFileFault, type MemberLine, readMemberFile } from './member-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'members-'))
afterAll(() => rmSync(folder, { recursive: true }))

const heading =
  'insurance_number;insurer_number;given_name;family_name;birth_date;street;postal_code;city;coverage_from;coverage_to;guardian_consent_required;deceased_on'
const member = (name: string) => `A;1;${name};M;2000-01-01;S;8;C;1990-01-01;;nein;`

async function readAll(path: string): Promise<MemberLine[]> {
  const lines: MemberLine[] = []
  for await (const line of readMemberFile(path)) lines.push(line)
  return lines
}

async function read(content: string | Buffer): Promise<MemberLine[]> {
  const path = join(folder, 'members.csv')
  writeFileSync(path, content)
  return await readAll(path)
}
const names = async (content: string | Buffer) =>
  (await read(content)).map((line) => ('values' in line ? line.values.given_name : line.unreadable))
const faultOf = async (content: string | Buffer) => {
  const error = await read(content).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(MemberFileFault)
  return error as MemberFileFault
}

describe('member file', () => {
  it.each([
    ['plain', `${heading}\n${member('Zoë')}\n`],
    ['with byte order mark', `\ufeff${heading}\n${member('Zoë')}\n`],
    ['with Windows line ends', `${heading}\r\n${member('Zoë')}\r\n`],
    ['without a last line end', `${heading}\n${member('Zoë')}`],
    ['with commas', `${heading}\n${member('Zoë')}\n`.replaceAll(';', ',')],
    ['with quotes', `${heading}\n${member('"Zoë"')}\n`],
    ['with blank lines', `\n${heading}\n\n${member('Zoë')}\n \n`],
    ['whose lines end with a delimiter', `${heading};\n${member('Zoë')};\n`],
    ['with capitals in the heading', `${heading.toUpperCase()}\n${member('Zoë')}\n`],
  ])('reads a file %s', async (_, content) => {
    expect(await names(content)).toEqual(['Zoë'])
  })

  it('understands German headings', async () => {
    const german =
      'Versichertennummer;Kassenummer;Vorname;Nachname;Geburtsdatum;Straße;PLZ;Ort;versichert_ab;versichert_bis;Einwilligungsvorbehalt;verstorben_am'
    expect(await names(`${german}\n${member('Zoë')}`)).toEqual(['Zoë'])
  })

  it('numbers the lines as an editor does', async () => {
    const lines = await read(`${heading}\n\n${member('a')}\n${member('b')}\n`)
    expect(lines.map(({ line }) => line)).toEqual([3, 4])
  })

  it('loses no line to a wrong quote or field count before it', async () => {
    const content = [heading, member('"a'), member('b'), `${member('c')};x`, member('"d"d'), member('e')].join('\n')
    expect(await names(content)).toEqual(['quotes', 'b', 'field_count', 'quotes', 'e'])
  })

  it('takes a line with one field too many for none that ends with a delimiter', async () => {
    const shifted = member('Zoë').replace(';S;', ';S; rear building;')
    expect(await names(`${heading}\n${shifted}\n`)).toEqual(['field_count'])
    const ended = `${heading};\n${shifted};\n${member('Ole')};\n${member('Pia')};x\n`
    expect(await names(ended)).toEqual(['field_count', 'Ole', 'field_count'])
  })

  it('reads characters that lie across the chunks of the file', async () => {
    const count = 4000
    const content = [heading, ...Array.from({ length: count }, (_, n) => member(`${'x'.repeat(n % 7)}€😀`))].join('\n')
    const read = await names(content)
    expect(read).toHaveLength(count)
    expect(read.every((name) => name?.endsWith('€😀'))).toBe(true)
  })

  it.each([
    ['empty', '', 'empty', 'is empty'],
    ['of blank lines', '\n\n', 'empty', 'is empty'],
    ['with a heading only', `${heading}\n`, 'empty', 'no members'],
    ['without a column', `${heading.replace('birth_date;', '')}\nx`, 'columns', 'lacks these columns: birth_date.'],
    ['with an unknown column', `${heading};shoe_size\nx`, 'columns', 'Column 13 of the heading'],
    ['with a column twice', `${heading};city\nx`, 'columns', 'city twice'],
    ['with an endless line', `${heading}\n${'x'.repeat(200_000)}`, 'line_too_long', 'Is it a CSV file?'],
  ])('refuses a file %s', async (_, content, reason, text) => {
    const fault = await faultOf(content)
    expect(fault.reason).toBe(reason)
    expect(fault.message).toContain(text)
  })

  it('names the line that is not in UTF-8', async () => {
    const latin1 = Buffer.from(`${heading}\n${member('Erika')}\n${member('Jörg')}\n`, 'latin1')
    expect((await faultOf(latin1)).message).toMatch(/^Line 3 is not in UTF-8\. /)
    const utf16 = Buffer.from(`\ufeff${heading}\n${member('Erika')}\n`, 'utf16le')
    expect((await faultOf(utf16)).message).toMatch(/^Line 1 is not in UTF-8\. /)
  })

  it('shows nothing of a file that begins with a member instead of a heading', async () => {
    const fault = await faultOf(`${member('Erika')}\n`)
    expect(fault.message).not.toContain('Erika')
  })

  it('says that a file does not exist', async () => {
    const missing = readAll(join(folder, 'none.csv'))
    await expect(missing).rejects.toMatchObject({ reason: 'not_found' })
  })
})
