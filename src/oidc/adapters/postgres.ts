import type { AdapterFactory } from 'oidc-provider'
import type { ArtefactStore } from '../../stores/oidc-artefacts.ts'
import { type AdapterSettings, createArtefactAdapterFactory } from './artefact-adapter.ts'

/** Creates the adapter over PostgreSQL, for installations without REDIS_URL. */
export function createPostgresAdapter(store: ArtefactStore, settings: Omit<AdapterSettings, 'store'>): AdapterFactory {
  return createArtefactAdapterFactory({ store, ...settings })
}
