import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { createOidcArtefactStore } from '../../../src/stores/sign-in/oidc-artefacts.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

describeOnBoth('artefacts of oidc-provider', (database) => {
  const store = () => createOidcArtefactStore(database())
  beforeEach(async () => {
    await database()('oidc_artefacts').delete()
  })

  it('deletes what has expired, at most as many as asked, each once when two clean up at once', async () => {
    for (let n = 0; n < 12; n++) await store().save('AccessToken', `old-${n}`, { sealed: 'x', lifetime: 1 })
    await store().save('AccessToken', 'young', { sealed: 'x', lifetime: 60 })
    expect(await store().deleteExpired(100)).toBe(0)
    await sleep(1100)
    expect(await store().deleteExpired(5)).toBe(5)
    const both = await Promise.all([store().deleteExpired(100), store().deleteExpired(100)])
    expect(both[0] + both[1]).toBe(7)
    expect(await store().find('AccessToken', 'young')).toMatchObject({ sealed: 'x', uses: 0, consumedAgo: null })
  })

  it('keeps what was consumed consumed when the artefact is saved again', async () => {
    await store().save('AuthorizationCode', 'a', { sealed: 'x', lifetime: 60 })
    expect(await store().consume('AuthorizationCode', 'a', 0)).toBe(true)
    await store().save('AuthorizationCode', 'a', { sealed: 'y', lifetime: 60 })
    expect(await store().find('AuthorizationCode', 'a')).toMatchObject({ sealed: 'y', uses: 1 })
    expect(await store().consume('AuthorizationCode', 'a', 0)).toBe(false)
  })

  it('is consumed by exactly one of 16 at once', async () => {
    await store().save('AuthorizationCode', 'a', { sealed: 'x', lifetime: 60 })
    const attempts = Array.from({ length: 16 }, () => store().consume('AuthorizationCode', 'a', 0))
    expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1)
  })

  it('consumes nothing that has expired', async () => {
    await store().save('AuthorizationCode', 'a', { sealed: 'x', lifetime: 1 })
    await sleep(1100)
    expect(await store().consume('AuthorizationCode', 'a', 0)).toBe(false)
  })
})
