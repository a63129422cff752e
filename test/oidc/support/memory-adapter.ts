import type { AdapterFactory } from 'oidc-provider'
import { createArtefactAdapterFactory, type Grace } from '../../../src/oidc/adapters/artefact-adapter.ts'
import type { ArtefactStore, NewArtefact, StoredArtefact } from '../../../src/stores/sign-in/oidc-artefacts.ts'
import { encryption } from './adapters.ts'

type Kept = NewArtefact & { model: string; idHash: string; expiresAt: number; uses: number; consumedAt: number | null }

/** The adapter over a store in memory, for tests whose subject is the provider: it knows no second use. */
export function createMemoryAdapter(grace?: Grace): AdapterFactory {
  const kept = new Map<string, Kept>()
  const read = (found: Kept | undefined): StoredArtefact | undefined => {
    if (!found || found.expiresAt <= Date.now()) return undefined
    const { idHash, sealed, uses, consumedAt } = found
    const ago = consumedAt === null ? null : Date.now() - consumedAt
    return {
      idHash,
      sealed,
      uses,
      consumedAt: consumedAt === null ? null : new Date(consumedAt),
      consumedAgo: ago,
      usedAgo: ago,
      superseded: false,
      successorUses: null,
      successorAgo: null,
    }
  }
  const findBy = (test: (one: Kept) => boolean) => read([...kept.values()].find(test))
  const store: ArtefactStore = {
    async save(model, idHash, artefact) {
      const before = kept.get(`${model}:${idHash}`)
      const expiresAt = Date.now() + artefact.lifetime * 1000
      kept.set(`${model}:${idHash}`, { uses: 0, consumedAt: null, ...before, ...artefact, model, idHash, expiresAt })
    },
    async create(model, idHash, artefact) {
      if (read(kept.get(`${model}:${idHash}`))) return false
      await store.save(model, idHash, artefact)
      return true
    },
    async replace(model, idHash, artefact) {
      if (!read(kept.get(`${model}:${idHash}`))) return false
      await store.save(model, idHash, artefact)
      return true
    },
    async prolong(model, idHash, lifetime) {
      const found = kept.get(`${model}:${idHash}`)
      if (found) found.expiresAt = Math.max(found.expiresAt, Date.now() + lifetime * 1000)
    },
    find: async (model, idHash) => read(kept.get(`${model}:${idHash}`)),
    findByUid: async (model, uidHash) => findBy((one) => one.model === model && one.uidHash === uidHash),
    findByUserCode: async (model, hash) => findBy((one) => one.model === model && one.userCodeHash === hash),
    async consume(model, idHash, seenUses) {
      const found = kept.get(`${model}:${idHash}`)
      if (!found || found.uses !== seenUses) return false
      Object.assign(found, { uses: found.uses + 1, consumedAt: found.consumedAt ?? Date.now() })
      return true
    },
    async answer() {},
    async remove(model, idHash) {
      return kept.delete(`${model}:${idHash}`)
    },
    async removeByGrant(grantHash) {
      for (const [key, one] of kept) if (one.grantHash === grantHash) kept.delete(key)
    },
  }
  return createArtefactAdapterFactory({ store, encryption, grace })
}
