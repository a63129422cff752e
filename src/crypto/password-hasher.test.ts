import { availableParallelism } from 'node:os'
import { hash } from 'argon2'
import { describe, expect, it } from 'vitest'
import { createPasswordHasher, type HashingSettings } from './password-hasher.ts'

const cheap: HashingSettings = { memoryKiB: 1024, iterations: 1, parallelism: 1, perCore: 1, queue: 4 }
const atOnce = availableParallelism() * cheap.perCore

/** Processor time in microseconds, of all threads: whatever else the machine does makes time of it, not work. */
async function workOf(work: () => Promise<unknown>): Promise<number> {
  const begin = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(begin)
  return user + system
}

describe('password hasher', () => {
  it('verifies what it hashed, and nothing else', async () => {
    const hasher = await createPasswordHasher(cheap)
    const hashed = await hasher.hash('Wiesengrund-7-Almhütte')
    expect(hashed).toMatch(/^\$argon2id\$v=19\$/)
    expect(await hasher.verify('Wiesengrund-7-Almhütte', hashed)).toBe(true)
    expect(await hasher.verify('Wiesengrund-7-Almhutte', hashed)).toBe(false)
    expect(await hasher.hash('Wiesengrund-7-Almhütte')).not.toBe(hashed)
  })

  it('never lets an unknown account in, whatever the password', async () => {
    const hasher = await createPasswordHasher(cheap)
    expect(await hasher.verify('nobody has this password', null)).toBe(false)
    expect(await hasher.verify('', null)).toBe(false)
  })

  it('does the same work for an unknown account as for a known one', async () => {
    const hasher = await createPasswordHasher({ ...cheap, memoryKiB: 19_456, iterations: 2 })
    const hashed = await hasher.hash('password')
    const least = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY }
    for (let turn = 0; turn < 8; turn++)
      for (const [who, stored] of [['known', hashed] as const, ['unknown', null] as const])
        least[who] = Math.min(least[who], await workOf(() => hasher.verify('wrong', stored)))
    expect(least.unknown).toBeGreaterThan(least.known / 2)
  })

  // Incident: after a rise of the parameters a known name took 44 ms and an unknown one 155 ms.
  it.each([
    ['risen', { memoryKiB: 4096, iterations: 1 }, { memoryKiB: 19_456, iterations: 2 }],
    ['fallen', { memoryKiB: 19_456, iterations: 2 }, { memoryKiB: 4096, iterations: 1 }],
  ])('does the same work for everybody when the parameters have %s', async (_how, before, now) => {
    const old = await (await createPasswordHasher({ ...cheap, ...before })).hash('password')
    const stored = async () => [old.split('$')[3] ?? '']
    const hasher = await createPasswordHasher({ ...cheap, ...now }, stored)
    const people = { old, new: await hasher.hash('password'), nobody: null }
    // Nobody first: what is learned from a stored hash must not be needed.
    await hasher.verify('wrong', null)
    const least = { old: Number.POSITIVE_INFINITY, new: Number.POSITIVE_INFINITY, nobody: Number.POSITIVE_INFINITY }
    for (let turn = 0; turn < 12; turn++)
      for (const who of ['nobody', 'old', 'new'] as const) {
        const work = await workOf(async () => expect(await hasher.verify('wrong', people[who])).toBe(false))
        least[who] = Math.min(least[who], work)
      }
    const work = Object.values(least)
    expect(Math.max(...work) / Math.min(...work), JSON.stringify(least)).toBeLessThan(1.6)
    expect(await hasher.verify('password', old)).toBe(true)
    expect(await hasher.verify('nobody has this password', null)).toBe(false)
  })

  it('learns of parameters that come up later: another version has begun to hash with them', async () => {
    const hasher = await createPasswordHasher(cheap)
    const dear = await createPasswordHasher({ ...cheap, memoryKiB: 65_536, iterations: 3 })
    await hasher.verify('wrong', await dear.hash('password'))
    const unknown = await workOf(() => hasher.verify('wrong', null))
    expect(unknown).toBeGreaterThan((await workOf(() => dear.hash('password'))) / 3)
  })

  it('asks again for the parameters in use when the store did not answer', async () => {
    let asked = 0
    const hasher = await createPasswordHasher(cheap, async () => {
      if (asked++ === 0) throw new Error('store is away')
      return []
    })
    await expect(hasher.verify('wrong', null)).rejects.toThrow('store is away')
    expect(await hasher.verify('wrong', null)).toBe(false)
    await hasher.verify('wrong', null)
    expect(asked).toBe(2)
  })

  it('tells when the parameters have risen', async () => {
    const hasher = await createPasswordHasher(cheap)
    const stronger = await createPasswordHasher({ ...cheap, iterations: 2 })
    const hashed = await hasher.hash('password')
    expect(hasher.isOutdated(hashed)).toBe(false)
    expect(stronger.isOutdated(hashed)).toBe(true)
  })

  it('sheds load beyond its queue, loses nothing of it and recovers', async () => {
    const hasher = await createPasswordHasher(cheap)
    const work = Array.from({ length: atOnce + cheap.queue + 3 }, () => hasher.hash('password'))
    const outcome = Promise.allSettled(work)
    expect(hasher.load()).toMatchObject({ running: atOnce, waiting: cheap.queue })
    const results = await outcome
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.map(({ reason }) => [reason.code, reason.status, reason.retryAfter])).toEqual(
      Array(3).fill(['unavailable', 503, 5]),
    )
    expect(hasher.load()).toMatchObject({ running: 0, waiting: 0 })
    expect(await hasher.hash('password')).toMatch(/^\$argon2id/)
  })

  it('keeps a quarter of its queue for hashing: passwords alone cannot fill it', async () => {
    const hasher = await createPasswordHasher(cheap)
    const hashed = await hasher.hash('password')
    const flood = Promise.allSettled(Array.from({ length: 50 }, () => hasher.verify('wrong', hashed)))
    expect(hasher.load()).toMatchObject({ running: atOnce, waiting: 3 })
    expect(await hasher.hash('answer')).toMatch(/^\$argon2id/)
    expect((await flood).filter(({ status }) => status === 'rejected')).toHaveLength(50 - atOnce - 3)
  })

  it.each([
    ['one address', () => '192.0.2.7'],
    ['one address behind ports', (n: number) => `192.0.2.7:${n}`],
    ['a network (/64)', (n: number) => `2001:db8::${n}`],
    ['a home (/56)', (n: number) => `2001:db8:0:${n.toString(16)}::1`],
    ['a site (/48)', (n: number) => `2001:db8:0:${n}00::1`],
  ])('leaves room to others when %s floods it', async (_who, from) => {
    const hasher = await createPasswordHasher({ ...cheap, queue: 16 })
    const hashed = await hasher.hash('password')
    const flood = Promise.allSettled(Array.from({ length: 99 }, (_one, n) => hasher.verify('wrong', hashed, from(n))))
    expect(hasher.load().waiting).toBeLessThanOrEqual(6)
    const others = ['198.51.100.7', '2001:db8:1::1', undefined]
    for (const other of others) expect(await hasher.verify('password', hashed, other)).toBe(true)
    expect(await hasher.hash('password', '198.51.100.8')).toMatch(/^\$argon2id/)
    expect((await flood).filter(({ status }) => status === 'rejected').length).toBeGreaterThan(80 - atOnce)
  })

  it('leaves room to the neighbours of a home that floods it', async () => {
    const hasher = await createPasswordHasher({ ...cheap, queue: 16 })
    const hashed = await hasher.hash('password')
    const flood = Promise.allSettled(
      Array.from({ length: 99 }, (_one, n) => hasher.verify('wrong', hashed, `2001:db8:0:${n.toString(16)}::1`)),
    )
    expect(await hasher.verify('password', hashed, '2001:db8:0:100::1')).toBe(true)
    await flood
  })

  it('gives its place back when the work fails', async () => {
    const hasher = await createPasswordHasher(cheap)
    for (let n = 0; n < atOnce + cheap.queue + 1; n++)
      await expect(hasher.verify('password', 'no hash at all')).rejects.toThrow()
    expect(hasher.load()).toMatchObject({ running: 0, waiting: 0 })
  })

  it('verifies hashes made with other parameters', async () => {
    const hasher = await createPasswordHasher(cheap)
    const other = await hash('password', { memoryCost: 2048, timeCost: 2, parallelism: 1 })
    expect(await hasher.verify('password', other)).toBe(true)
  })
})
