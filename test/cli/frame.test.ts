import { describe, expect, it } from 'vitest'
import { type CliCommand, runCli, UsageError } from '../../src/cli/frame.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { runCommand } from './installation.ts'

const failing = (error: unknown): CliCommand => ({
  name: 'fail',
  description: 'fails',
  run: () => Promise.reject(error),
})

async function outcomeOf(error: unknown, args = ['fail']) {
  const out: string[] = []
  const err: string[] = []
  const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) }
  const exitCode = await runCli([failing(error)], args, io)
  return { exitCode, out: out.join(''), err: err.join('') }
}

describe('command line', () => {
  it('lists its commands', async () => {
    const { exitCode, out } = await runCommand(['--help'])
    expect(exitCode).toBe(0)
    for (const name of ['members:import', 'audit:verify', 'audit:seal', 'db:migrate', 'db:status'])
      expect(out).toContain(name)
  })

  it.each([
    [['no:such'], "unknown command 'no:such'. See --help.\n"],
    [['members:import'], "missing required argument 'file.csv'. See --help.\n"],
    [['db:status', '--fast'], "unknown option '--fast'. See --help.\n"],
    [['db:status', 'more'], /too many arguments/],
    [['audit:verify', '--head', 'x'], /^--head must be position:chain/],
  ])('answers wrong usage %j with one sentence and 2', async (args, message) => {
    const { exitCode, out, err } = await runCommand(args)
    expect(exitCode).toBe(2)
    expect(out).toBe('')
    if (typeof message === 'string') expect(err).toBe(message)
    else expect(err).toMatch(message)
  })

  it('answers wrong usage with --json on stdout only', async () => {
    const { exitCode, out, err } = await runCommand(['no:such', '--json'])
    expect([exitCode, err]).toEqual([2, ''])
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: 'usage' })
  })

  it('says what is missing when no command is named', async () => {
    const { exitCode, err } = await runCommand([])
    expect(exitCode).toBe(2)
    expect(err).toContain('members:import')
  })

  it('turns errors into one sentence and an exit code', async () => {
    expect(await outcomeOf(new UsageError('Say which.'))).toEqual({ exitCode: 2, out: '', err: 'Say which.\n' })
    expect(await outcomeOf(new TypeError('x is not y'))).toMatchObject({
      exitCode: 1,
      err: 'Unexpected fault: x is not y\n',
    })
    const refused = Object.assign(new Error(), { code: 'ECONNREFUSED' })
    for (const error of [refused, new AggregateError([refused])])
      expect((await outcomeOf(error)).err).toMatch(/^The database cannot be reached \(ECONNREFUSED\)/)
  })

  it('reports a wrong setting by name', async () => {
    const { exitCode, err } = await runCommand(['db:status'], { variables: { DATABASE_URL: 'mysql://x' } })
    expect(exitCode).toBe(1)
    expect(err).toContain('DATABASE_URL')
  })
})

describe('progress', () => {
  it('is drawn on a terminal only, and within its width', () => {
    const lines: string[] = []
    const io = { out: () => {}, err: (text: string) => void lines.push(text) }
    createProgress(io).show(0.5, '10 lines')
    expect(lines).toEqual([])
    const progress = createProgress({ ...io, progressWidth: 40 })
    progress.show(0.5, '10 lines')
    progress.show(0.5, '10 lines')
    expect(lines).toEqual(['\r[###########-----------]  50 % 10 lines'])
    expect(lines[0]?.length).toBeLessThanOrEqual(40)
  })
})
