import { beforeEach, expect, it } from 'vitest'
import { createStatisticsService } from '../../../src/services/operation/statistics.ts'
import { createDailyStatisticsStore } from '../../../src/stores/operation/daily-statistics.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

describeOnDatabase('the counts per day', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database(), '2026-10-26T12:00:00Z')
    await world.empty()
    await database()('daily_statistics').delete()
  })
  const happen = (type: string, ...instants: string[]) =>
    database()('audit_events').insert(
      instants.map((at) => ({ at: new Date(at), type, actor: 'member', data: '{}', digest: 'x' })),
    )
  const count = (signal?: AbortSignal) => createStatisticsService(world).count(signal)
  const signIns = async () =>
    (await world.stores.dailyStatistics.list('2026-01-01')).map((each) => [each.day, each.sign_ins])

  it('are those of days in Berlin, also the one of 25 hours', async () => {
    await happen('sign_in_succeeded', '2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z')
    await happen('sign_in_succeeded', '2026-10-25T23:00:00Z')
    await happen('registration_deleted', '2026-10-25T23:00:00Z')
    expect(await count()).toBe(3)
    expect(await signIns()).toEqual([
      ['2026-10-24', 1],
      ['2026-10-25', 2],
      ['2026-10-26', 1],
    ])
    const [, , today] = await world.stores.dailyStatistics.list('2026-10-24')
    expect(today).toMatchObject({ deletions: 1, registrations: 0 })
  })

  it('are the same when counted again, take in late events, and make up for missed days', async () => {
    await happen('sign_in_succeeded', '2026-10-26T10:00:00Z')
    await count()
    await happen('sign_in_succeeded', '2026-10-26T11:00:00Z')
    await count()
    expect(await signIns()).toEqual([
      ['2026-10-24', 0],
      ['2026-10-25', 0],
      ['2026-10-26', 2],
    ])
    await happen('sign_in_succeeded', '2026-10-27T10:00:00Z')
    world.clock.set('2026-11-05T12:00:00Z')
    expect(await count()).toBe(11)
    expect((await signIns()).find(([day]) => day === '2026-10-27')).toEqual(['2026-10-27', 1])
  })

  it('find the events of a day among many by their time', async () => {
    const start = new Date('2026-10-24T00:00:00Z').getTime()
    await happen(
      'sign_in_succeeded',
      ...Array.from({ length: 480 }, (_, n) => new Date(start + n * 600_000).toISOString()),
    )
    const store = createDailyStatisticsStore(database(), 16)
    await store.count('2026-10-26', new Date('2026-10-25T23:00:00Z'), new Date('2026-10-26T23:00:00Z'))
    expect(await store.list('2026-10-26')).toMatchObject([{ day: '2026-10-26', sign_ins: 144 }])
  })

  it('stop after a day when the process ends, and go on from there', async () => {
    await happen('sign_in_succeeded', '2026-10-01T10:00:00Z')
    expect(await count(AbortSignal.abort())).toBe(1)
    expect(await count()).toBe(26)
    expect(await signIns()).toHaveLength(26)
  })
})
