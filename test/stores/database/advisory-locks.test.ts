import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import {
  type AdvisoryLock,
  advisoryLocks,
  holdLock,
  holdNumbers,
  tryToHoldLock,
} from '../../../src/stores/database/advisory-locks.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const home = 'src/stores/database/advisory-locks.ts'

it('every advisory lock of the code is in one file, where its number can be seen to be its own', () => {
  const files = ['src', 'scripts', 'migrations'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  const users = files.filter(
    (name) => /\.m?[jt]s$/.test(name) && /advisory_(xact_)?(un)?lock/.test(readFileSync(join(root, name), 'utf8')),
  )
  expect(users).toEqual([home])
})

describeOnServer('advisory locks', (database) => {
  const names = Object.keys(advisoryLocks) as AdvisoryLock[]

  it.each(names)('%s is held by one transaction, and no other lock with it', async (name) => {
    const free = () =>
      database().transaction(async (trx) => {
        const got: AdvisoryLock[] = []
        for (const other of names) if (await tryToHoldLock(trx, other)) got.push(other)
        return got
      })
    await database().transaction(async (trx) => {
      await holdLock(trx, name)
      expect(await free()).toEqual(names.filter((other) => other !== name))
    })
    expect(await free()).toEqual(names)
  })

  it('numbers are held by one at a time and never in a circle, in whatever order 16 name them', async () => {
    const numbers = Array.from({ length: 8 }, (_, n) => `hash-${n}`)
    let inside = 0
    const most: number[] = []
    await sixteenTimes((n) =>
      database().transaction(async (trx) => {
        const turned = [...numbers.slice(n % 8), ...numbers.slice(0, n % 8)]
        await holdNumbers(trx, n % 2 ? turned : turned.reverse())
        most.push(++inside)
        await trx.raw('select 1')
        inside--
      }),
    )
    expect(most).toEqual(Array(16).fill(1))
  })
})
