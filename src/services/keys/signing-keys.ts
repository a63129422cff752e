import type { Actor } from '../../audit/event.ts'
import { Abandon } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { KeyHolder } from '../../stores/keys/key-rings.ts'
import type { PrivateJwk, SigningKeySummary } from '../../stores/keys/signing-keys.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'

/** How signing keys move, `config/keys.yaml`. */
export type SigningKeyRules = { rotateAfterDays: number; publishAheadHours: number; keepRetiredHours: number }

type Settings = {
  stores: Pick<Stores, 'signingKeys'>
  transaction: Transaction
  /** Real time, as in everything of the protocol. */
  clock: Clock
  rules: SigningKeyRules
  algorithms: readonly string[]
  createKey(alg: string): Promise<PrivateJwk>
}

type RevokeOutcome = { unknown: string[] } | { revoked: string[]; signing: string[] }

/** A key with its age in whole days, for health and metrics. */
export type SigningKeyAge = { kid: string; alg: string; days: number }

const hour = 60 * 60 * 1000

export type SigningKeyService = ReturnType<typeof createSigningKeyService>

/**
 * Creates the moves of signing keys (security.md, "tokens"): `next` is published before it signs, `current` signs, `retired` is
 * published until its tokens are dead. Each call is one transaction under one lock, so processes never move a key twice.
 */
export function createSigningKeyService(settings: Settings) {
  const { stores, transaction, clock, algorithms, createKey } = settings
  const alone = <T>(work: (unit: UnitOfWork, keys: SigningKeySummary[]) => Promise<T>) =>
    transaction(async (unit) => {
      await unit.signingKeys.lock()
      return await work(unit, await unit.signingKeys.summaries())
    })
  return {
    /** The private keys to publish, current ones first; what is missing is made. */
    async load(): Promise<PrivateJwk[]> {
      const complete = (keys: { alg: string; state: string }[]) =>
        algorithms.filter((alg) => !keys.some((key) => key.alg === alg && key.state === 'current'))
      if (complete(await stores.signingKeys.summaries()).length > 0)
        await alone(async (unit, keys) => {
          for (const alg of complete(keys)) await add(unit, await createKey(alg), 'current', clock.now())
        })
      return (await stores.signingKeys.list()).map((key) => key.privateJwk)
    },
    /** Moves what is due and answers how many keys moved. */
    step: () =>
      alone(async (unit, keys) => {
        let moved = await removeDeadKeys(unit, keys, settings)
        for (const alg of algorithms) moved += await moveAlgorithm(unit, alg, keys, settings)
        return moved
      }),
    /** Begins a rotation now: publishes a next key for every algorithm that has none; `step` lets it sign when it is due. */
    publishNext: (actor: Actor = 'system') =>
      alone(async (unit, keys) => {
        const without = algorithms.filter((alg) => !keys.some((key) => key.alg === alg && key.state === 'next'))
        for (const alg of without) await add(unit, await createKey(alg), 'next', clock.now(), actor)
        return without
      }),
    /**
     * Takes keys that others know out of the set at once. Where one signs, the published next key takes its place, else a new
     * one. Unknown kids are answered back and nothing is changed.
     */
    revoke: (kids: readonly string[], actor: Actor = 'cli'): Promise<RevokeOutcome> =>
      alone((unit, keys) => revoke(unit, keys, kids, actor)),
    /** The part of an approved act: one key goes at once. @throws Abandon when it is gone already */
    async retire(unit: UnitOfWork, kid: string, actor: Actor): Promise<void> {
      await unit.signingKeys.lock()
      const done = await revoke(unit, await unit.signingKeys.summaries(), [kid], actor)
      if ('unknown' in done) throw new Abandon(done)
    },
    /** Every key with the moment of its next move: it signs, hands over to the next, or leaves the set. */
    async overview(): Promise<(SigningKeySummary & { movesAt: Date })[]> {
      const { rotateAfterDays, publishAheadHours, keepRetiredHours } = settings.rules
      const after = (at: Date, hours: number) => new Date(at.getTime() + hours * hour)
      return (await stores.signingKeys.summaries()).map((key) => {
        const { state, createdAt, stateChangedAt } = key
        if (state === 'next') return { ...key, movesAt: after(createdAt, publishAheadHours) }
        return { ...key, movesAt: after(stateChangedAt, state === 'retired' ? keepRetiredHours : rotateAfterDays * 24) }
      })
    },
    /** Age of the keys that sign, from when they began to. */
    async ages(): Promise<SigningKeyAge[]> {
      const current = (await stores.signingKeys.summaries()).filter(({ state }) => state === 'current')
      const days = (since: Date) => Math.floor((clock.now().getTime() - since.getTime()) / (24 * hour))
      return current.map(({ kid, alg, stateChangedAt }) => ({ kid, alg, days: days(stateChangedAt) }))
    },
  }

  async function revoke(
    unit: UnitOfWork,
    keys: SigningKeySummary[],
    kids: readonly string[],
    actor: Actor,
  ): Promise<RevokeOutcome> {
    const unknown = kids.filter((kid) => !keys.some((key) => key.kid === kid))
    if (unknown.length > 0) return { unknown }
    const at = clock.now()
    for (const { kid, alg } of keys.filter((key) => kids.includes(key.kid))) {
      await unit.signingKeys.remove(kid)
      await unit.audit.signingKeyRemoved({ at, actor, kid, alg, reason: 'revoked' })
    }
    const left = keys.filter((key) => !kids.includes(key.kid))
    for (const alg of algorithms) {
      if (left.some((key) => key.alg === alg && key.state === 'current')) continue
      const next = left.find((key) => key.alg === alg && key.state === 'next')
      if (next) await unit.signingKeys.promote(next, at)
      else await add(unit, await createKey(alg), 'current', at)
    }
    const signing = (await unit.signingKeys.summaries()).filter((key) => key.state === 'current')
    return { revoked: [...kids], signing: signing.map(({ kid }) => kid) }
  }
}

async function add(
  unit: UnitOfWork,
  jwk: PrivateJwk,
  state: 'current' | 'next',
  at: Date,
  actor?: Actor,
): Promise<void> {
  const { kid, alg } = jwk
  if (await unit.signingKeys.add(jwk, state, at))
    await unit.audit.signingKeyCreated({ at, ...(actor && { actor }), kid, alg })
}

async function removeDeadKeys(
  unit: UnitOfWork,
  keys: SigningKeySummary[],
  { clock, rules }: Settings,
): Promise<number> {
  const at = clock.now()
  const dead = keys.filter(
    ({ state, stateChangedAt }) =>
      state === 'retired' && stateChangedAt.getTime() + rules.keepRetiredHours * hour <= at.getTime(),
  )
  for (const { kid, alg } of dead) {
    await unit.signingKeys.remove(kid)
    await unit.audit.signingKeyRemoved({ at, kid, alg, reason: 'expired' })
  }
  return dead.length
}

async function moveAlgorithm(
  unit: UnitOfWork,
  alg: string,
  keys: SigningKeySummary[],
  { clock, rules, createKey }: Settings,
): Promise<number> {
  const at = clock.now()
  const age = (since: Date) => (at.getTime() - since.getTime()) / hour
  const current = keys.find((key) => key.alg === alg && key.state === 'current')
  const next = keys.find((key) => key.alg === alg && key.state === 'next')
  if (!current) return 0
  if (!next) {
    if (age(current.stateChangedAt) < rules.rotateAfterDays * 24 - rules.publishAheadHours) return 0
    await add(unit, await createKey(alg), 'next', at)
    return 1
  }
  // An application may read the key set from any process: a token never meets one that does not show its key.
  if (age(next.createdAt) < rules.publishAheadHours) return 0
  if (!isPublishedBy(await unit.keyRings.living(), next.kid)) return 0
  await unit.signingKeys.promote(next, at)
  await unit.audit.signingKeyRotated({ at, kid: next.kid, alg, retiredKid: current.kid })
  return 1
}

/** Command lines publish nothing; a process that has just started reads the newest set. */
function isPublishedBy(living: KeyHolder[], kid: string): boolean {
  return living.every(({ signingKids }) => signingKids.length === 0 || signingKids.includes(kid))
}
