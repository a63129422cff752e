import { expect, it } from 'vitest'
import { createJourneyLimits, createRequestLimitsOf } from '../../../src/app/limits.ts'
import { loadConfig } from '../../../src/config.ts'
import { createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { createLimiter } from '../../../src/gateways/limiter.ts'
import { createRateLimitStore } from '../../../src/stores/sign-in/rate-limits.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnServer } from '../../support/stores/databases.ts'

const config = loadConfig({ NODE_ENV: 'development', DATA_DIR: '/nonexistent' })
const hash = createKeyedHash(config.secrets.hashKeys)

describeOnServer('the limits of an address', (database) => {
  // Two thirds of them come in the first third of the time; each tenth mistypes the password.
  it('hold an office of 500 that opens four applications each within 15 minutes, before anybody is known', async () => {
    const clock = createStandingClock('2026-11-30T08:00:00.000Z')
    const limiter = createLimiter(createRateLimitStore(database()), clock)
    const { signInAddress } = createJourneyLimits(config, { brief: limiter, lasting: limiter, hash })
    const { authorization } = createRequestLimitsOf(config, limiter, hash)
    const office = '192.0.2.1'
    const refused: string[] = []
    for (let person = 0; person < 500; person++) {
      for (let application = 0; application < 4; application++)
        for (const limit of authorization) if (await limit.use(office)) refused.push(`request of ${person}`)
      for (let attempt = 0; attempt < (person % 10 === 0 ? 2 : 1); attempt++)
        if (await signInAddress.use(office)) refused.push(`password of ${person}`)
      await signInAddress.giveBack(office)
      clock.forward(person < 333 ? 0.9 : 3.6)
    }
    expect(refused).toEqual([])
  })
})
