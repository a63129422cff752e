import { createKey, type KeyRing } from '../../crypto/key-ring.ts'
import { berlinDay } from '../../domain/calendar.ts'
import { mayAddKey, newKeyId, nextRotationStep, type RotationStep } from '../../domain/secrets/key-rotation.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { RingName } from '../../stores/keys/key-rings.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import { type KeyRingService, settingOf } from './key-rings.ts'

/** The steps that change a ring. */
export const rotationSteps = ['add', 'use', 'remove'] as const
export type RingChange = (typeof rotationSteps)[number]

/** A prepared step: the ring as it is to be, or why it may not be taken now. */
export type PreparedChange = { ring: KeyRing; kid: string } | { refused: string }

type Settings = {
  keyRings: KeyRingService
  keyUsage: Stores['keyUsage']
  transaction: Transaction
  clock: Clock
  rings: Readonly<Record<RingName, KeyRing>>
}

export type KeyRotationService = ReturnType<typeof createKeyRotationService>

/** Creates the steps of a rotation for the operator. Each is checked, recorded and handed out under one lock. */
export function createKeyRotationService({ keyRings, keyUsage, transaction, clock, rings }: Settings) {
  return {
    next: async (ring: RingName): Promise<RotationStep> => nextRotationStep(await keyRings.stateOf(ring)),
    /** Takes a step: `store` keeps the new ring. When it fails nothing has happened, or the step can be taken again. */
    async change(ring: RingName, step: RingChange, store: (ring: KeyRing) => Promise<void>): Promise<PreparedChange> {
      const left = step === 'remove' ? await findValuesLeft(ring) : undefined
      if (left) return left
      const prepared = await transaction(async (unit) => {
        await unit.keyRings.lock()
        const change = await prepareChange(unit, ring, step)
        if ('refused' in change) return change
        await unit.audit.keyRingChanged({ at: clock.now(), ring, kid: change.kid, step })
        if (step === 'remove') await unit.keyRings.retire(ring, change.kid)
        else await store(change.ring)
        return change
      })
      // Only now: a key that is gone from the list while the database still asks for it would keep every process from starting.
      if (step === 'remove' && 'ring' in prepared) await store(prepared.ring)
      return prepared
    },
  }

  /**
   * The counts of a large table are a sample; before a key goes, every row is asked. That takes its time, so it happens before
   * the lock: whoever starts with the old key in front meanwhile lets the rewriting begin anew, and that is seen under it.
   */
  async function findValuesLeft(ring: RingName): Promise<PreparedChange | undefined> {
    const next = nextRotationStep(await keyRings.stateOf(ring))
    if (next.step !== 'remove') return { refused: describeStep(ring, next) }
    const now = clock.now()
    const using = ring === 'cookie' ? [] : await keyUsage.columnsUsing(ring, next.kid, now, berlinDay(now))
    return using.length > 0 ? { refused: `The key ${next.kid} still has values in ${using.join(', ')}.` } : undefined
  }

  async function prepareChange(unit: UnitOfWork, ring: RingName, step: RingChange): Promise<PreparedChange> {
    const now = clock.now()
    const state = await keyRings.stateOf(ring, unit)
    const next = nextRotationStep(state)
    if (step === 'add' ? !mayAddKey(state) : next.step !== step) return { refused: describeStep(ring, next) }
    const [first, ...others] = rings[ring]
    if (step === 'add') {
      const taken = (await unit.keyRings.known()).filter((known) => known.ring === ring).map(({ kid }) => kid)
      const key = createKey(newKeyId(berlinDay(now), [...state.keys, ...taken]))
      return { ring: [first, key, ...others], kid: key.kid }
    }
    const kid = 'kid' in next ? next.kid : ''
    const moved = step === 'use' ? rings[ring].filter((key) => key.kid === kid) : []
    return { ring: [...moved, ...rings[ring].filter((key) => key.kid !== kid)] as unknown as KeyRing, kid }
  }
}

/** Says in a sentence what a rotation does next or waits for. */
export function describeStep(ring: RingName, next: RotationStep): string {
  const setting = settingOf[ring]
  switch (next.step) {
    case 'add':
      return `${setting} has one key. Next: add, which puts a new key behind it.`
    case 'distribute':
      return `${setting}: the new key ${next.kid} is not everywhere yet. Next: give the list to every machine and restart ${next.processes.join(', ')}.`
    case 'use':
      return `${setting}: every process has the new key ${next.kid}. Next: use, which puts it in front.`
    case 'restart':
      return `${setting}: not every process writes with ${next.kid} yet. Next: give the list to every machine and restart ${next.processes.join(', ')}.`
    case 'wait':
      return `${setting}: the key ${next.kid} has to stay: ${next.reasons.join('; ')}.`
    case 'remove':
      return `${setting}: nothing needs the key ${next.kid} any more. Next: remove.`
  }
}
