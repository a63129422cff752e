import { describe, expect, it } from 'vitest'
import { StoreAway } from '../../errors.ts'
import { createFallingBackCounters } from './counters.ts'

describe('counters that fall back', () => {
  const store = (points: number, fault?: Error) => {
    const answer = async <T>(value: T) => {
      if (fault) throw fault
      return value
    }
    return {
      add: () => answer({ points, expire: null }),
      get: () => answer({ points, expire: null }),
      takeBack: () => answer(undefined),
      remove: () => answer(true),
    }
  }

  it('ask the usual store while it is there, and the other one while it is away', async () => {
    const given = ['key', 1, 0, null, false] as const
    expect(await createFallingBackCounters(store(1), store(2)).add(...given)).toMatchObject({ points: 1 })
    const away = createFallingBackCounters(store(1, new StoreAway('Redis')), store(2))
    expect(await away.add(...given)).toMatchObject({ points: 2 })
    expect(await away.get('key', 0)).toMatchObject({ points: 2 })
    expect(await away.remove('key')).toBe(true)
  })

  it('hide no bug', async () => {
    const broken = createFallingBackCounters(store(1, new TypeError('bug')), store(2))
    await expect(broken.get('key', 0)).rejects.toThrow('bug')
  })
})
