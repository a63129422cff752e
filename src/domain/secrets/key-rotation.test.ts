import { describe, expect, it } from 'vitest'
import { keyMadeAt, mayAddKey, newKeyId, nextRotationStep, type RingState } from './key-rotation.ts'

const state = (changes: Partial<RingState>): RingState => ({
  keys: ['a'],
  fresh: [],
  holders: [],
  neededBy: () => [],
  ...changes,
})
const holders = (...rings: string[][]) => rings.map((keys, index) => ({ process: `p${index}`, keys }))

describe('nextRotationStep', () => {
  it.each<[string, Partial<RingState>, object]>([
    ['one key', {}, { step: 'add' }],
    [
      'a new key that some process lacks',
      { keys: ['a', 'b'], fresh: ['b'], holders: holders(['a'], ['a', 'b']) },
      { step: 'distribute', kid: 'b', processes: ['p0'] },
    ],
    [
      'a new key that every process has',
      { keys: ['a', 'b'], fresh: ['b'], holders: holders(['a', 'b']) },
      { step: 'use', kid: 'b' },
    ],
    ['a new key while the service stands still', { keys: ['a', 'b'], fresh: ['b'] }, { step: 'use', kid: 'b' }],
    [
      'a process that still writes with the old key',
      { keys: ['b', 'a'], holders: holders(['b', 'a'], ['a', 'b']) },
      { step: 'restart', kid: 'b', processes: ['p1'] },
    ],
    [
      'rows under the old key',
      { keys: ['b', 'a'], holders: holders(['b', 'a']), neededBy: (kid) => (kid === 'a' ? ['rows'] : []) },
      { step: 'wait', kid: 'a', reasons: ['rows'] },
    ],
    ['nothing under the old key', { keys: ['b', 'a'], holders: holders(['b', 'a']) }, { step: 'remove', kid: 'a' }],
    [
      'a third key beside one that has to stay',
      { keys: ['b', 'c', 'a'], fresh: ['c'], holders: holders(['b', 'c', 'a']), neededBy: () => ['audit log'] },
      { step: 'use', kid: 'c' },
    ],
  ])('%s', (_name, changes, step) => expect(nextRotationStep(state(changes))).toEqual(step))

  it('lets a key be added beside an old one that has to stay, but not beside one on its way', () => {
    expect(mayAddKey(state({ keys: ['b', 'a'], neededBy: () => ['audit log'] }))).toBe(true)
    expect(mayAddKey(state({ keys: ['a', 'b'], fresh: ['b'] }))).toBe(false)
    expect(mayAddKey(state({ keys: ['b', 'a'], holders: holders(['a', 'b']) }))).toBe(false)
  })
})

it('names a new key by its day, and the second of a day by a number', () => {
  expect(newKeyId('2027-01-05', ['a'])).toBe('2027-01-05')
  expect(newKeyId('2027-01-05', ['2027-01-05', '2027-01-05-2'])).toBe('2027-01-05-3')
})

it('takes the age of a key from its id, if it is older than when it was first seen', () => {
  const seen = new Date('2027-06-01T12:00:00Z')
  expect(keyMadeAt('2027-01-05-2', seen)).toEqual(new Date('2027-01-05T00:00:00Z'))
  expect(keyMadeAt('2027-01', seen)).toEqual(new Date('2027-01-01T00:00:00Z'))
  for (const kid of ['k1', '2028-01-01', '2027-13']) expect(keyMadeAt(kid, seen)).toEqual(seen)
})
