import { fingerprintOf, type KeyRing } from '../../crypto/key-ring.ts'
import { berlinDay } from '../../domain/calendar.ts'
import { keyMadeAt, nextRotationStep, type RingState, type RotationStep } from '../../domain/secrets/key-rotation.ts'
import { StartUpError } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { HeldRings, KnownKey, RingName, RingRefusal } from '../../stores/keys/key-rings.ts'
import type { KeyUsage } from '../../stores/keys/key-usage.ts'

/** Setting that holds a ring. */
export const settingOf: Readonly<Record<RingName, string>> = {
  cookie: 'COOKIE_KEYS',
  encryption: 'ENCRYPTION_KEYS',
  hash: 'HASH_KEYS',
}

/** Age of the key that writes, in whole days. */
export type KeyAge = { ring: RingName; kid: string; days: number }

/** A ring with its keys, who holds it, what they have written (of cookies nothing is stored), and what comes next. */
export type RingStatus = {
  ring: RingName
  keys: { kid: string; role: 'writes' | 'reads'; days: number; writingSince: Date | null; usage: KeyUsage[] }[]
  next: RotationStep
}

type KeyStores = Pick<Stores, 'keyRings' | 'keyUsage' | 'keyRewrites'>

type Settings = {
  stores: KeyStores
  /** Real time: ages of keys never follow the development clock. */
  clock: Clock
  rings: Readonly<Record<RingName, KeyRing>>
  /** Artefacts in Redis are not rewritten: their key stays until the last of them has ended. */
  artefactsInRedis: boolean
  /** `id` is random, `process` names host and process id for people. */
  holder: { id: string; process: string }
}

const day = 24 * 60 * 60 * 1000

/** Longest life of an artefact: a session of 8 hours whose refresh token lives 30 days (security.md, "sessions"). */
const artefactDays = 31
/** A sign-in or registration under way needs its cookie for a day at most. */
const cookieDays = 1

export type KeyRingService = ReturnType<typeof createKeyRingService>

/** Creates the care for key rings: who holds which keys, what they have written, and the next step of a rotation. */
export function createKeyRingService(settings: Settings) {
  const { stores, clock, rings, holder } = settings
  const held: HeldRings = { cookie: hold(rings.cookie), encryption: hold(rings.encryption), hash: hold(rings.hash) }
  const readUsage = (from: KeyStores) => from.keyUsage.count(clock.now(), berlinDay(clock.now()))
  const service = {
    /**
     * Records this process and its keys before it reads or writes anything.
     * @throws StartUpError when a key in use is missing or another one, or when others could not read what it writes.
     */
    async announce(signingKids: readonly string[] = []): Promise<void> {
      const refusal = await stores.keyRings.announce({ ...holder, signingKids }, held)
      if (refusal) throw new StartUpError(explainRefusal(refusal))
    },
    /** Looks whether these keys fit the database and the other processes; writes nothing. @throws StartUpError as `announce` */
    async check(): Promise<void> {
      const refusal = await stores.keyRings.check(holder.id, held)
      if (refusal) throw new StartUpError(explainRefusal(refusal))
    },
    /** Says that the process is alive; one that was forgotten announces itself anew. @throws StartUpError as `announce` */
    async beat(signingKids: readonly string[]): Promise<void> {
      if (!(await stores.keyRings.beat(holder.id, signingKids))) await service.announce(signingKids)
    },
    leave: async (): Promise<void> => void (await stores.keyRings.leave(holder.id)),
    /** Age of the key that writes, for each ring: for health and metrics. */
    async ages(): Promise<KeyAge[]> {
      const known = await stores.keyRings.known()
      return names(rings).map((ring) => ({
        ring,
        kid: rings[ring][0].kid,
        days: ageOf(known, ring, rings[ring][0].kid, clock),
      }))
    },
    /** What the next step of a ring is decided by; `from` a transaction where it is taken at once. */
    async stateOf(ring: RingName, from: KeyStores = stores, usage?: KeyUsage[]): Promise<RingState> {
      const known = (await from.keyRings.known()).filter((key) => key.ring === ring)
      const written = known.filter((key) => key.writingSince).map(({ kid }) => kid)
      const keys = rings[ring].map(({ kid }) => kid)
      const living = await from.keyRings.living()
      const reasons = await readReasons({ ...settings, stores: from }, ring, known, usage ?? (await readUsage(from)))
      return {
        keys,
        fresh: keys.filter((kid) => !written.includes(kid)),
        holders: living.map((each) => ({ process: each.process, keys: each.rings[ring] ?? [] })),
        neededBy: (kid) => reasons.get(kid) ?? [],
      }
    },
    /** Every ring for the operator: cheap at any size, because large tables are sampled. */
    async status(): Promise<RingStatus[]> {
      const usage = await readUsage(stores)
      const known = await stores.keyRings.known()
      return await Promise.all(
        names(rings).map(async (ring) => ({
          ring,
          keys: rings[ring].map(({ kid }, index) => ({
            kid,
            role: index === 0 ? ('writes' as const) : ('reads' as const),
            days: ageOf(known, ring, kid, clock),
            writingSince: known.find((key) => key.ring === ring && key.kid === kid)?.writingSince ?? null,
            usage: usage.filter((each) => each.ring === ring && each.kid === kid),
          })),
          next: nextRotationStep(await service.stateOf(ring, stores, usage)),
        })),
      )
    },
  }
  return service
}

const hold = (ring: KeyRing) => ring.map((key) => ({ kid: key.kid, fingerprint: fingerprintOf(key) }))

const names = (rings: object) => Object.keys(rings) as RingName[]

function ageOf(known: KnownKey[], ring: RingName, kid: string, clock: Clock): number {
  const firstSeenAt = known.find((key) => key.ring === ring && key.kid === kid)?.firstSeenAt ?? clock.now()
  return Math.max(0, Math.floor((clock.now().getTime() - keyMadeAt(kid, firstSeenAt).getTime()) / day))
}

function explainRefusal(refusal: RingRefusal): string {
  const { ring, kid } = refusal
  const setting = settingOf[ring]
  if (refusal.reason === 'missing')
    return `${setting} lacks the key ${kid}, which has written rows of this database. Put it at the end of the list.`
  if (refusal.reason === 'differs')
    return `${setting} holds another key under the id ${kid} than this database was written with. Put the right one there, or give the new key an id of its own.`
  return `${setting} would write with the key ${kid}, which ${refusal.processes.join(', ')} cannot read. Put it behind the first key, restart every process, and only then to the front (docs/operate/keys.md).`
}

/** Why each old key of a ring has to stay. */
async function readReasons(
  { stores, clock, rings, artefactsInRedis }: Settings,
  ring: RingName,
  known: KnownKey[],
  usage: KeyUsage[],
): Promise<Map<string, string[]>> {
  const writer = rings[ring][0].kid
  const since = known.find(({ kid }) => kid === writer)?.writingSince ?? clock.now()
  const until = (days: number) => new Date(since.getTime() + days * day)
  const shared: string[] = []
  if (ring === 'cookie' && until(cookieDays) > clock.now())
    shared.push(`cookies under way need it until ${until(cookieDays).toISOString()}`)
  if (ring === 'encryption' && artefactsInRedis && until(artefactDays) > clock.now())
    shared.push(`sessions and tokens in Redis may need it until ${until(artefactDays).toISOString()}`)
  if (ring !== 'cookie') shared.push(...(await rewritesLeft(stores, `${rings.encryption[0].kid}/${rings.hash[0].kid}`)))
  return new Map(
    rings[ring].slice(1).map(({ kid }) => {
      const own = usage
        .filter((each) => each.ring === ring && each.kid === kid)
        .map(
          (each) =>
            `${each.table}.${each.column} holds ${each.estimated ? 'about ' : ''}${each.values} values${each.passing ? ' that end by themselves' : ''}`,
        )
      return [kid, [...shared, ...own]]
    }),
  )
}

async function rewritesLeft(stores: KeyStores, target: string): Promise<string[]> {
  const passes = (await stores.keyRewrites.progress()).filter((pass) => pass.target === target)
  if (passes.length === 0) return ['the rewriting of rows has not begun']
  return passes.flatMap(({ table, finishedAt, rowsTotal, rowsSeen, rowsUnreadable }) => {
    if (!finishedAt) return [`${table} has about ${rowsTotal - rowsSeen} rows to go through`]
    return rowsUnreadable > 0 ? [`${table} has ${rowsUnreadable} rows that no key opens`] : []
  })
}
