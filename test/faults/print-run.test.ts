import { expect, it } from 'vitest'
import { describeOnServer } from '../support/databases.ts'
import { killPrintDesk } from './print-run.ts'

describeOnServer('the print desk, killed at random points', (database) => {
  it('loses no letter, sends none twice and leaves no code behind', async () => {
    const remains = await killPrintDesk(database(), { letters: 40, seconds: 10, longest: 2500 })
    expect(remains.killed).toBeGreaterThan(0)
    expect(remains).toMatchObject({
      posted: 40,
      mails: 40,
      accountsTold: 40,
      codes: 40,
      openRuns: 0,
      plainCodes: 0,
      chunks: 0,
      filesOfCodes: [],
    })
    // A run that was called back has no letters any more: those that have were posted, each once.
    expect(remains.postedRuns).toBe(remains.runsOfLetters)
  }, 120_000)
})
