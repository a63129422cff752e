import type { RedisClient, RedisGateway } from '../../gateways/redis/redis.ts'
import type { ArtefactStore, NewArtefact, StoredArtefact } from '../../stores/sign-in/oidc-artefacts.ts'

const now = "local t = redis.call('TIME'); local now = string.format('%.3f', t[1] * 1000 + t[2] / 1000);"

/** Each works on one key, so that it runs on any node of a cluster and reads that node's clock only. */
const scripts = {
  findArtefact: `${now} local found = redis.call('HMGET', KEYS[1], 'sealed', 'uses', 'consumedAt', 'usedAt',
      'supersededAt', 'successor', 'succeededAt')
    found[8] = now return found`,
  // ARGV[3]: 'always', only while it is 'absent', or only while it is 'present'.
  saveArtefact: `local present = redis.call('EXISTS', KEYS[1]) == 1
    if (ARGV[3] == 'absent' and present) or (ARGV[3] == 'present' and not present) then return 0 end
    redis.call('HSET', KEYS[1], 'sealed', ARGV[1]) redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1`,
  prolongArtefact: `local left = redis.call('PTTL', KEYS[1])
    if left >= 0 and left < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return 1`,
  // What the earlier use issued stays in 'replaced' until it is superseded: it may lie on another node.
  consumeArtefact: `${now} local k = KEYS[1]
    if redis.call('EXISTS', k) == 0 or redis.call('HEXISTS', k, 'supersededAt') == 1 then return 0 end
    if tonumber(redis.call('HGET', k, 'uses') or '0') ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HINCRBY', k, 'uses', 1)
    redis.call('HSET', k, 'usedAt', now)
    redis.call('HSETNX', k, 'consumedAt', now)
    local replaced = redis.call('HGET', k, 'replaced') or ''
    local successor = redis.call('HGET', k, 'successor')
    if successor then replaced = replaced .. ' ' .. successor end
    redis.call('HDEL', k, 'successor', 'succeededAt')
    if replaced == '' then return 1 end
    redis.call('HSET', k, 'replaced', replaced)
    return replaced`,
  forgetReplaced: `if redis.call('HGET', KEYS[1], 'replaced') == ARGV[1] then
      redis.call('HDEL', KEYS[1], 'replaced') end return 1`,
  supersedeArtefact: `${now} if redis.call('EXISTS', KEYS[1]) == 1 then
      redis.call('HSETNX', KEYS[1], 'supersededAt', now) end return 1`,
  answerArtefact: `${now} if redis.call('EXISTS', KEYS[1]) == 1 then
      redis.call('HSET', KEYS[1], 'successor', ARGV[1], 'succeededAt', now) end return 1`,
  // A session that was there before is found by its uid only until another id has taken that over: a slow request does not
  // take it back.
  keepIndex: `local known = redis.call('GET', KEYS[1])
    if not known or known == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end return 1`,
  // The list of what a grant issued lives as long as its longest member, and forgets members that have ended.
  joinGrant: `${now} redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
    local until_ = now + ARGV[2]
    if not ends or tonumber(ends) < until_ then redis.call('ZADD', KEYS[1], until_, ARGV[1]) end
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1`,
}

/** Whole milliseconds: applications may date what they sign by fractions of a second. */
const milliseconds = (seconds: number) => Math.ceil(seconds * 1000)

const unused = { consumedAt: null, consumedAgo: null, usedAgo: null, successorUses: null, successorAgo: null }

/**
 * Creates the store of oidc-provider's artefacts in Redis. Braces in keys are hash tags: a grant and the list of what it
 * issued lie in one slot of a cluster; what it issued lies in slots of its own, because tokens are found without it.
 */
export function createRedisArtefactStore(redis: RedisGateway, prefix = 'meine-aok:oidc:2:'): ArtefactStore {
  const run = redis.define(scripts)
  const keyOf = (model: string, hash: string) => `${prefix}${model}:{${hash}}`
  const listOf = (grantHash: string) => `${keyOf('Grant', grantHash)}:issued`

  const find = async (client: RedisClient, model: string, idHash: string): Promise<StoredArtefact | undefined> => {
    const values = (await run(client, 'findArtefact', keyOf(model, idHash))) as (string | null)[]
    const [sealed, uses, consumed, used, superseded, successor, succeeded, time] = values
    if (!sealed) return undefined
    const stored = { idHash, sealed, uses: Number(uses ?? 0), superseded: superseded !== null }
    const first = Number(consumed ?? superseded)
    if (!first) return { ...stored, ...unused }
    const answered = performance.now()
    const successorUses = await usesOf(client, model, successor)
    // Ages are compared with the request's, which has grown meanwhile.
    const ago = (then: number) => Number(time) - then + performance.now() - answered
    return {
      ...stored,
      consumedAt: new Date(first),
      consumedAgo: ago(first),
      usedAgo: ago(Number(used ?? superseded)),
      successorUses,
      successorAgo: succeeded ? ago(Number(succeeded)) : null,
    }
  }

  const usesOf = async (client: RedisClient, model: string, idHash?: string | null): Promise<number | null> => {
    const values = idHash ? await client.hmget(keyOf(model, idHash), 'sealed', 'uses') : []
    return values[0] ? Number(values[1] ?? 0) : null
  }

  const findThrough = (model: string, index: string) =>
    redis.run(async (client) => {
      const idHash = await client.get(index)
      return idHash ? await find(client, model, idHash) : undefined
    })

  const save = async (
    client: RedisClient,
    model: string,
    idHash: string,
    artefact: NewArtefact,
    when: 'always' | 'absent' | 'present' = 'always',
  ): Promise<boolean> => {
    const key = keyOf(model, idHash)
    const lifetime = milliseconds(artefact.lifetime)
    const { grantHash, uidHash, userCodeHash } = artefact
    // First, so that whatever can be found can be revoked; and answered where nodes of a cluster keep no order.
    const joined = grantHash ? run(client, 'joinGrant', listOf(grantHash), key, lifetime) : undefined
    if (client.isCluster) await joined
    const saving = run(client, 'saveArtefact', key, artefact.sealed, lifetime, when)
    // What is not in the list could not be revoked: it goes again.
    const listed = joined?.catch(async (fault) => {
      if ((await saving) === 1) await client.del(key)
      throw fault
    })
    const [saved] = await Promise.all([
      saving,
      listed,
      uidHash &&
        (when === 'present'
          ? run(client, 'keepIndex', keyOf(`${model}:uid`, uidHash), idHash, lifetime)
          : client.set(keyOf(`${model}:uid`, uidHash), idHash, 'PX', lifetime)),
      userCodeHash && client.set(keyOf(`${model}:userCode`, userCodeHash), idHash, 'PX', lifetime),
    ])
    return saved === 1
  }

  return {
    save: (model, idHash, artefact) => redis.run(async (client) => void (await save(client, model, idHash, artefact))),
    create: (model, idHash, artefact) => redis.run((client) => save(client, model, idHash, artefact, 'absent')),
    replace: (model, idHash, artefact) => redis.run((client) => save(client, model, idHash, artefact, 'present')),
    prolong: (model, idHash, lifetime) =>
      redis.run(
        async (client) => void (await run(client, 'prolongArtefact', keyOf(model, idHash), milliseconds(lifetime))),
      ),
    find: (model, idHash) => redis.run((client) => find(client, model, idHash)),
    findByUid: (model, uidHash) => findThrough(model, keyOf(`${model}:uid`, uidHash)),
    findByUserCode: (model, userCodeHash) => findThrough(model, keyOf(`${model}:userCode`, userCodeHash)),
    consume: (model, idHash, seenUses) =>
      redis.run(async (client) => {
        const key = keyOf(model, idHash)
        const outcome = await run(client, 'consumeArtefact', key, seenUses)
        if (typeof outcome !== 'string') return outcome !== 0
        for (const replaced of outcome.trim().split(' ')) await run(client, 'supersedeArtefact', keyOf(model, replaced))
        await run(client, 'forgetReplaced', key, outcome)
        return true
      }),
    answer: (model, idHash, successorHash) =>
      redis.run(async (client) => void (await run(client, 'answerArtefact', keyOf(model, idHash), successorHash))),
    remove: (model, idHash) => redis.run(async (client) => (await client.del(keyOf(model, idHash))) > 0),
    removeByGrant: (grantHash) =>
      redis.run(async (client) => {
        const list = listOf(grantHash)
        const issued = await client.zrange(list, '0', '-1')
        // Key by key, for they lie in many slots. What joins meanwhile, or is not reached, stays in the list.
        await Promise.all(issued.map((key) => client.del(key)))
        if (issued.length > 0) await client.zrem(list, ...issued)
      }),
  }
}
