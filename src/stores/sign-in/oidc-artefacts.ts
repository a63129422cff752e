import type { Database } from '../database/database.ts'

/** What is written: ids only as hashes (`hashToken`), the payload sealed; `lifetime` in seconds. */
export type NewArtefact = {
  sealed: string
  lifetime: number
  grantHash?: string
  uidHash?: string
  userCodeHash?: string
}

/** What is read. Ages are measured by the store's own clock, in milliseconds. */
export type StoredArtefact = {
  idHash: string
  sealed: string
  /** How often it was consumed; more than once only for a refresh token in its grace. */
  uses: number
  /** First consumption, or when it was superseded. */
  consumedAt: Date | null
  /** Time since then; null: not consumed. */
  consumedAgo: number | null
  /** Time since the last consumption. */
  usedAgo: number | null
  /** Whether a retry of its predecessor replaced it. */
  superseded: boolean
  /** How often the successor that the last use issued was consumed; null: there is none (yet). */
  successorUses: number | null
  /** Time since the last use was answered; null: it is not (yet). */
  successorAgo: number | null
}

/** The store below oidc-provider's adapter, the same for PostgreSQL and Redis. Expired artefacts are invisible. */
export type ArtefactStore = {
  save(model: string, idHash: string, artefact: NewArtefact): Promise<void>
  /** Saves what must not be there yet, in one conditional step: true for exactly one of all callers. */
  create(model: string, idHash: string, artefact: NewArtefact): Promise<boolean>
  /** Saves what must be there still: false when it is gone, and it stays gone. */
  replace(model: string, idHash: string, artefact: NewArtefact): Promise<boolean>
  /** Lets an artefact live for `lifetime` seconds from now, unless it lives longer anyway. */
  prolong(model: string, idHash: string, lifetime: number): Promise<void>
  find(model: string, idHash: string): Promise<StoredArtefact | undefined>
  findByUid(model: string, uidHash: string): Promise<StoredArtefact | undefined>
  findByUserCode(model: string, userCodeHash: string): Promise<StoredArtefact | undefined>
  /**
   * Consumes in one conditional step: true for exactly one of all callers that saw the same number of `uses`.
   * A later use supersedes the successor of the earlier one.
   */
  consume(model: string, idHash: string, seenUses: number): Promise<boolean>
  /** Notes that the last use was answered, with the artefact that takes the place of this one. */
  answer(model: string, idHash: string, successorHash: string): Promise<void>
  /** True for exactly one of all callers: the one that removed it. */
  remove(model: string, idHash: string): Promise<boolean>
  /** Removes every artefact issued under the grant, whatever its model. */
  removeByGrant(grantHash: string): Promise<void>
}

const ago = (time: string) => `extract(epoch from clock_timestamp() - ${time})::float8 * 1000`

const columns = `a.id_hash as "idHash", a.payload as sealed, a.uses, a.superseded_at is not null as superseded,
  coalesce(a.consumed_at, a.superseded_at) as "consumedAt", s.uses as "successorUses",
  ${ago('coalesce(a.consumed_at, a.superseded_at)')} as "consumedAgo",
  ${ago('coalesce(a.used_at, a.superseded_at)')} as "usedAgo",
  case when a.succeeded_at >= a.used_at then ${ago('a.succeeded_at')} end as "successorAgo"`

// A successor exists only where a refresh token was rotated; the join costs nothing otherwise.
const source = `oidc_artefacts a left join oidc_artefacts s
  on a.succeeded_at >= a.used_at and s.model = a.model and s.id_hash = a.successor_hash`

/** Creates the store of oidc-provider's artefacts in PostgreSQL; lifetimes follow the database's clock. */
export function createOidcArtefactStore(db: Database) {
  const findBy = async (column: string, model: string, value: string): Promise<StoredArtefact | undefined> => {
    const { rows } = await db.raw(
      `select ${columns} from ${source} where a.model = ? and a.${column} = ? and a.expires_at > now() limit 1`,
      [model, value],
    )
    return rows[0]
  }
  const insert = async (model: string, idHash: string, artefact: NewArtefact, condition = ''): Promise<boolean> => {
    const { sealed, lifetime, grantHash = null, uidHash = null, userCodeHash = null } = artefact
    const { rows } = await db.raw(
      `insert into oidc_artefacts as kept (model, id_hash, payload, grant_hash, uid_hash, user_code_hash, expires_at)
      values (?, ?, ?, ?, ?, ?, now() + make_interval(secs => ?))
      on conflict (model, id_hash) do update set payload = excluded.payload, grant_hash = excluded.grant_hash,
        uid_hash = excluded.uid_hash, user_code_hash = excluded.user_code_hash, expires_at = excluded.expires_at
      ${condition} returning 1`,
      [model, idHash, sealed, grantHash, uidHash, userCodeHash, lifetime],
    )
    return rows.length === 1
  }
  return {
    save: async (model, idHash, artefact) => void (await insert(model, idHash, artefact)),
    // What has expired is not there, though the clean-up may not have come by yet.
    create: (model, idHash, artefact) => insert(model, idHash, artefact, 'where kept.expires_at <= now()'),
    async replace(model, idHash, { sealed, lifetime, grantHash = null, uidHash = null, userCodeHash = null }) {
      const { rows } = await db.raw(
        `update oidc_artefacts set payload = ?, grant_hash = ?, uid_hash = ?, user_code_hash = ?,
          expires_at = now() + make_interval(secs => ?)
        where model = ? and id_hash = ? and expires_at > now() returning 1`,
        [sealed, grantHash, uidHash, userCodeHash, lifetime, model, idHash],
      )
      return rows.length === 1
    },
    async prolong(model, idHash, lifetime) {
      await db.raw(
        `update oidc_artefacts set expires_at = greatest(expires_at, now() + make_interval(secs => ?))
        where model = ? and id_hash = ? and expires_at > now()`,
        [lifetime, model, idHash],
      )
    },
    find: (model, idHash) => findBy('id_hash', model, idHash),
    findByUid: (model, uidHash) => findBy('uid_hash', model, uidHash),
    findByUserCode: (model, userCodeHash) => findBy('user_code_hash', model, userCodeHash),
    async consume(model, idHash, seenUses) {
      const { rows } = await db.raw(
        `with used as (
          update oidc_artefacts set uses = uses + 1, used_at = clock_timestamp(),
            consumed_at = coalesce(consumed_at, clock_timestamp())
          where model = ? and id_hash = ? and uses = ?
            and superseded_at is null and expires_at > now()
          returning model, successor_hash
        ), replaced as (
          update oidc_artefacts a set superseded_at = clock_timestamp() from used
          where a.model = used.model and a.id_hash = used.successor_hash
        ) select 1 from used`,
        [model, idHash, seenUses],
      )
      return rows.length === 1
    },
    async answer(model, idHash, successorHash) {
      await db('oidc_artefacts')
        .where({ model, id_hash: idHash })
        .update({ successor_hash: successorHash, succeeded_at: db.raw('clock_timestamp()') })
    },
    async remove(model, idHash) {
      return (await db('oidc_artefacts').where({ model, id_hash: idHash }).delete()) > 0
    },
    async removeByGrant(grantHash) {
      await db('oidc_artefacts').where({ grant_hash: grantHash }).delete()
    },
    /** Deletes at most `limit` expired rows and tells how many; safe to run in parallel. */
    async deleteExpired(limit: number): Promise<number> {
      const { rowCount } = await db.raw(
        `delete from oidc_artefacts where (model, id_hash) in (
          select model, id_hash from oidc_artefacts where expires_at <= now()
          order by expires_at limit ? for update skip locked)`,
        [limit],
      )
      return rowCount
    },
  } satisfies ArtefactStore & { deleteExpired(limit: number): Promise<number> }
}
