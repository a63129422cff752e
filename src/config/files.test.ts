import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultDeadlines } from '../../test/support/deadlines.ts'
import { StartUpError } from '../errors.ts'
import { loadConfigFiles } from './files.ts'

const shipped = fileURLToPath(new URL('../../config', import.meta.url))

describe('loadConfigFiles', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aok-'))
    cpSync(shipped, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const change = (name: string, from: string | RegExp, to: string) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const changed = text.replace(from, to)
    expect(changed).not.toBe(text)
    writeFileSync(join(folder, name), changed)
  }

  it('ships the deadlines of the seed', () => {
    const auditRetentionDays = {
      registration: 1095,
      letters: 1095,
      signIn: 365,
      mtan: 365,
      account: 3650,
      operation: 3650,
      staff: 3650,
    }
    expect(loadConfigFiles(shipped).deadlines).toEqual({ ...defaultDeadlines, auditRetentionDays })
  })

  it('ships the numbers of the security document', () => {
    expect(loadConfigFiles(shipped).limits).toMatchObject({
      argon2: { memoryKiB: 19_456, iterations: 2, parallelism: 1, perCore: 2, queue: 64 },
      mtan: {
        lifetime: 300,
        tries: 3,
        resendAfter: [30, 60, 120],
        perJourney: 5,
        registration: { perNumberAndDay: 5 },
        signIn: { perNumberAndHour: 10, perNumberAndDay: 30 },
        breaker: { minimumSends: 200, minimumShare: 0.2 },
      },
      signIn: { failures: { count: 10, window: 3600, pause: 900 }, perAddressAndMinute: 30 },
      unlockCode: { wrong: 5, pause: 600 },
      usernameChecks: { perAddressAndHour: 10 },
      bodyBytes: 65_536,
    })
  })

  it('ships the help channels of the seed and ten questions or more', () => {
    const { insurer, securityQuestions } = loadConfigFiles(shipped)
    expect(insurer).toMatchObject({
      insurerNumber: '108310400',
      help: { phone: '0800 2 767676', email: 'info@service.by.aok.de' },
      minimumAge: 15,
    })
    expect(securityQuestions.filter((question) => question.offered).length).toBeGreaterThanOrEqual(10)
    expect(new Set(securityQuestions.map((question) => question.id)).size).toBe(securityQuestions.length)
  })

  it.each([
    ['deadlines.yaml', /activationDays: 28/, 'activationDays: soon', 'activationDays'],
    ['deadlines.yaml', /activationDays: 28/, 'activationDays: 0', 'activationDays'],
    ['deadlines.yaml', /activationDays: 28/, 'activationDay: 28', 'activationDay'],
    ['limits.yaml', /tries: 3/, 'tries: -1', 'mtan.tries'],
    ['limits.yaml', /minimumShare: 0.2/, 'minimumShare: 20', 'mtan.breaker.minimumShare'],
    ['insurer.yaml', /insurerNumber: .*/, 'insurerNumber: "12"', 'insurerNumber'],
  ])('names file and key of a fault in %s', (name, from, to, key) => {
    change(name, from, to)
    expect(() => loadConfigFiles(folder)).toThrow(StartUpError)
    expect(() => loadConfigFiles(folder)).toThrow(new RegExp(`${name} is not valid: .*${key}`))
  })

  it.each(['insurer.yaml', 'deadlines.yaml', 'limits.yaml', 'security-questions.yaml'])(
    'names %s when it is missing',
    (name) => {
      rmSync(join(folder, name))
      expect(() => loadConfigFiles(folder)).toThrow(
        new RegExp(`${name} cannot be read: .+Mend the file or set CONFIG_DIR`),
      )
    },
  )

  it('names a file that is no YAML', () => {
    writeFileSync(join(folder, 'limits.yaml'), 'mtan: [')
    expect(() => loadConfigFiles(folder)).toThrow(/limits.yaml cannot be read/)
  })
})
