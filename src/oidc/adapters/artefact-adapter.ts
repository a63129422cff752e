import type { EventEmitter } from 'node:events'
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { type FieldEncryption, hashToken } from '../../crypto/field-encryption.ts'
import { placeOf } from '../../stores/keys/protected-tables.ts'
import type { ArtefactStore, StoredArtefact } from '../../stores/sign-in/oidc-artefacts.ts'
import { requestAge as ageOfCurrentRequest, requestAtWork } from '../requests/arrival.ts'
import { hasEnded, type SignInsCount } from './ended.ts'
import { replayed, replayMargin } from './replay.ts'
import { createUsesUnderWay, type Timing } from './uses-under-way.ts'

/** How long, in milliseconds, a rotated refresh token may come back (docs/decisions/0003-refresh-token-grace.md). */
export type Grace = {
  /** After the first use; a lost answer may be asked for again until then (security.md: 10 s). */
  retry: number
  /** After the first use, while its answer may still be on its way: a missing successor is no lost answer yet. */
  settle: number
}

export type AdapterSettings = {
  store: ArtefactStore
  encryption: FieldEncryption
  grace?: Grace
  /** The request at work, so that `consume` knows what this request's `find` saw. */
  currentRequest?: () => object | undefined
  /** How long ago that request arrived, in milliseconds. */
  requestAge?: () => number | undefined
  /** Unset: accounts are not asked. */
  signInsCount?: SignInsCount
}

const defaultGrace: Grace = { retry: 10_000, settle: 2_000 }

/** Lifetime in seconds of what oidc-provider stores without one (nothing that is in use here). */
const unlimited = 400 * 24 * 60 * 60

/** What a request saw: the number of uses, or that the token's first use is still being answered. */
type Seen = number | 'busy'

/**
 * Creates oidc-provider's adapter over a store: ids are stored as SHA-256 only and refilled on `find`, payloads are
 * encrypted and bound to their id, `consume` fails for all but one of those who saw the same state.
 */
export function createArtefactAdapterFactory(settings: AdapterSettings): AdapterFactory {
  const { store, encryption, grace = defaultGrace } = settings
  const { currentRequest = requestAtWork, requestAge = ageOfCurrentRequest, signInsCount } = settings
  const underWay = createUsesUnderWay(grace.retry)
  const seenBy = new WeakMap<object, Map<string, Seen>>()
  const remember = (key: string, seen: Seen) => {
    const request = currentRequest()
    if (!request) return
    const memory = seenBy.get(request) ?? new Map<string, Seen>()
    seenBy.set(request, memory.set(key, seen))
  }
  const recall = (key: string): Seen | undefined => seenBy.get(currentRequest() ?? {})?.get(key)

  return (model: string): Adapter => {
    const context = (idHash: string) => placeOf('oidc_artefacts', 'payload', { model, id_hash: idHash })
    const open = async (stored: StoredArtefact | undefined, id?: string): Promise<AdapterPayload | undefined> => {
      if (!stored) return undefined
      const payload: AdapterPayload = JSON.parse(encryption.decrypt(stored.sealed, context(stored.idHash)))
      if (id !== undefined) payload.jti = id
      const key = `${model}:${stored.idHash}`
      const age = requestAge()
      const standing = standingOf(model, stored, grace, { age, timing: underWay.timing(key, stored.uses, age) })
      if (standing === 'used' && stored.consumedAt) payload.consumed = Math.floor(stored.consumedAt.getTime() / 1000)
      remember(key, standing === 'busy' ? 'busy' : stored.uses)
      // After the look at the request's age, which is compared with what the store has just measured.
      if (signInsCount && (await hasEnded(model, payload, signInsCount))) return undefined
      return payload
    }
    return {
      async upsert(id, payload, lifetime = unlimited) {
        const idHash = hashToken(id)
        const artefact = {
          sealed: encryption.encrypt(JSON.stringify(withoutId(model, payload)), context(idHash)),
          lifetime: model === 'ReplayDetection' ? lifetime + replayMargin : lifetime,
          grantHash: payload.grantId && model !== 'Interaction' ? hashToken(payload.grantId) : undefined,
          uidHash: model === 'Session' && payload.uid ? hashToken(payload.uid) : undefined,
          userCodeHash: payload.userCode ? hashToken(payload.userCode) : undefined,
        }
        if (model === 'ReplayDetection') {
          if (!(await store.create(model, idHash, artefact))) throw replayed(id, currentRequest())
        } else if (isKnown(model, payload, recall(`${model}:${idHash}`))) await store.replace(model, idHash, artefact)
        else {
          const answered = model === 'AccessToken' && noteAnswer(store, currentRequest(), idHash)
          await Promise.all([store.save(model, idHash, artefact), answered])
        }
        if (payload.parJti)
          await store.prolong('PushedAuthorizationRequest', hashToken(String(payload.parJti)), lifetime)
      },
      // What means "once" is asked for by saving it.
      find: async (id) => (model === 'ReplayDetection' ? undefined : open(await store.find(model, hashToken(id)), id)),
      findByUid: async (uid) => open(await store.findByUid(model, hashToken(uid))),
      findByUserCode: async (userCode) => open(await store.findByUserCode(model, hashToken(userCode))),
      async consume(id) {
        const idHash = hashToken(id)
        const key = `${model}:${idHash}`
        const seen = recall(key) ?? 0
        if (seen === 'busy' || !(await store.consume(model, idHash, seen))) throw alreadyConsumed(model)
        underWay.begin(key, seen + 1, (currentRequest() as { res?: EventEmitter } | undefined)?.res)
      },
      async destroy(id) {
        const removed = await store.remove(model, hashToken(id))
        // An interaction is taken up again by the one request that ends it: two would make two codes.
        if (!removed && model === 'Interaction') throw new errors.SessionNotFound('interaction session not found')
      },
      revokeByGrantId: (grantId) => store.removeByGrant(hashToken(grantId)),
    }
  }
}

/** A session found by its uid must be able to save itself, so its id stays, encrypted; all other ids come from the caller. */
function withoutId(model: string, payload: AdapterPayload): AdapterPayload {
  return model === 'Session' ? payload : { ...payload, jti: undefined }
}

/**
 * Whether a session or interaction that is saved was there before: then it is saved only where it still is. Otherwise the
 * slower of two requests would bring back what the other has ended (a session signed out of, an interaction answered).
 */
function isKnown(model: string, payload: AdapterPayload, seen: Seen | undefined): boolean {
  if (model === 'Interaction') return payload.result !== undefined || seen !== undefined
  return model === 'Session' && seen !== undefined
}

type Entity = { jti?: string }
type Entities = { AuthorizationCode?: Entity; RotatedRefreshToken?: Entity; RefreshToken?: Entity }

/** The access token is the last that is saved for an answer: what the request used is answered with it. */
async function noteAnswer(store: ArtefactStore, request: object | undefined, accessToken: string): Promise<void> {
  const entities = (request as { oidc?: { entities?: Entities } } | undefined)?.oidc?.entities ?? {}
  const { AuthorizationCode: code, RotatedRefreshToken: rotated, RefreshToken: successor } = entities
  if (rotated?.jti && successor?.jti)
    return await store.answer('RefreshToken', hashToken(rotated.jti), hashToken(successor.jti))
  if (code?.jti) await store.answer('AuthorizationCode', hashToken(code.jti), accessToken)
}

/** Uses of these are answered with tokens. */
const answered = new Set(['AuthorizationCode', 'RefreshToken'])

/**
 * Whether a stored artefact counts as unused, as used, as a refresh token whose answer may have been lost, or as one
 * that another request is just using (`busy`: this one fails, and nothing is revoked). `age`: of the request, in ms;
 * `timing` is known when this process answered the last use.
 */
function standingOf(
  model: string,
  stored: StoredArtefact,
  grace: Grace,
  { age = 0, timing }: { age?: number; timing?: Timing } = {},
): 'unused' | 'retry' | 'busy' | 'used' {
  const { consumedAgo, usedAgo, successorAgo, successorUses } = stored
  if (consumedAgo === null || usedAgo === null) return 'unused'
  // It arrived before the last use or its answer: sent at the same time, not after it (a full pool lets requests wait).
  const overlapped = age >= usedAgo || (successorAgo !== null && age >= successorAgo)
  if (timing === 'concurrent' || (timing === undefined && overlapped)) return 'busy'
  if (stored.superseded || !answered.has(model)) return 'used'
  if (timing === undefined && successorAgo === null && usedAgo < grace.settle) return 'busy'
  if (model !== 'RefreshToken' || consumedAgo >= grace.retry) return 'used'
  // Whoever used the successor had the answer: nothing was lost. An answer that never came is lost for sure.
  return successorAgo === null || successorUses === 0 ? 'retry' : 'used'
}

/** The error that ends the second request as the protocol wants it (RFC 6749 § 5.2, RFC 9126 § 2.2) and not as a 500. */
function alreadyConsumed(model: string): Error {
  if (model === 'PushedAuthorizationRequest') return new errors.InvalidRequestUri('request_uri was already used')
  return new errors.InvalidGrant(`${model} already consumed`)
}
