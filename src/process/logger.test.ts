import { describe, expect, it } from 'vitest'
import { createLogger, redacted } from './logger.ts'

type Line = Record<string, unknown>

/** Logs through a logger that writes where the test reads. */
function logged(...entries: [object, string?][]): { text: string; lines: Line[] } {
  const written: string[] = []
  const log = createLogger('info')
  const stream = Object.getOwnPropertySymbols(log).find(
    (symbol) => symbol.toString() === 'Symbol(pino.stream)',
  ) as never
  Object.assign(log, { [stream]: { write: (line: string) => written.push(line) } })
  for (const [entry, message] of entries) log.info(entry, message)
  return { text: written.join(''), lines: written.map((line) => JSON.parse(line)) }
}

describe('the log', () => {
  it('writes one line of JSON with level word and instant, nothing of the machine', () => {
    const { lines } = logged([{ reference: 'K7-4421' }, 'request'])
    expect(lines).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.+Z$/), reference: 'K7-4421', msg: 'request' },
    ])
  })

  it.each(redacted)('hides %s at the top, one and two levels down', (name) => {
    const { text } = logged([{ [name]: 'hidden-0', a: { [name]: 'hidden-1', b: { [name]: 'hidden-2' } } }])
    expect(text).not.toContain('hidden')
    expect(text.split('[redacted]')).toHaveLength(4)
  })

  it.each([
    'password',
    'mtan',
    'unlockCode',
    'securityAnswer',
    'insuranceNumber',
    'email',
    'mobile',
    'token',
    'access_token',
    'refresh_token',
    'id_token',
    'client_secret',
    'cookie',
    'authorization',
  ])('names %s in its list', (name) => {
    expect(redacted).toContain(name)
  })

  it('leaves out the values that a fault of the database quotes', () => {
    const fault = Object.assign(
      new Error(
        `insert into "accounts" ("email") values ('erika@example.org') - duplicate key value violates unique constraint "accounts_pkey" (erika@example.org)`,
      ),
      { code: '23505', routine: '_bt_check_unique', detail: 'Key (email)=(erika@example.org) already exists.' },
    )
    const { text, lines } = logged([{ err: fault }, 'fault'])
    expect(text).not.toContain('erika')
    expect(lines[0]?.err).toMatchObject({ type: 'Error' })
    expect(JSON.stringify(lines[0]?.err)).toContain('duplicate key value violates unique constraint')
  })

  it('keeps message and place of other faults, without their properties', () => {
    const fault = Object.assign(new TypeError('no such step'), { password: 'hidden', request: { body: 'hidden' } })
    const { text, lines } = logged([{ err: fault }])
    expect(lines[0]?.err).toMatchObject({ type: 'TypeError', message: 'no such step' })
    expect(JSON.stringify(lines[0]?.err)).toContain('logger.test.ts')
    expect(text).not.toContain('hidden')
  })

  it.each([
    () => JSON.parse('{"email": erika@example.org}'),
    () => JSON.parse('A123456780'),
    () => JSON.parse('{"a":"Wiesengrund-7-Almhuette'),
    () => decodeURIComponent('%E0%A4%A'),
    () => new URL('erika@example.org:Wiesengrund-7-Almhuette'),
    () => {
      throw new Error('550 5.1.1 <erika@example.org>: no such user, +49 151 12345671 neither')
    },
    () => new Headers({ 'X-Name': 'erika\u0000A123456780' }),
  ])('leaves out what a fault quotes: %s', (cause) => {
    let thrown: unknown
    try {
      cause()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Error)
    const { text } = logged([{ err: thrown }])
    expect(text).not.toMatch(/"message":"[^"]*(erika|A123|Wiesengrund|12345671)/)
  })

  it('tells only the kind of what is thrown and is no error', () => {
    expect(logged([{ err: 'password hidden' }]).lines[0]?.err).toEqual({ type: 'string' })
  })
})
