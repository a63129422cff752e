import { expect, it } from 'vitest'
import { describeOnServer } from '../support/stores/databases.ts'
import { killPrintDesk } from './print-run.ts'

const kills = Number(process.env.FAULT_KILLS ?? 4)

describeOnServer('the print desk, killed at random points', (database) => {
  it(
    'loses no letter, sends none twice and leaves no code behind',
    async () => {
      const remains = await killPrintDesk(database(), { letters: 40, kills, longest: 900 })
      expect(remains).toMatchObject({
        posted: remains.letters,
        mails: remains.letters,
        accountsTold: remains.letters,
        codes: remains.letters,
        openRuns: 0,
        plainCodes: 0,
        chunks: 0,
        filesOfCodes: [],
      })
      // A run that was called back has no letters any more: those that have were posted, each once.
      expect(remains.postedRuns).toBe(remains.runsOfLetters)
    },
    120_000 + kills * 30_000,
  )
})
