import type { KeyRingService } from '../../services/keys/key-rings.ts'
import type { SigningKeyService } from '../../services/keys/signing-keys.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { readReason } from './reason.ts'

/** What the room of keys works with. */
export type KeyRoom = {
  signingKeys: Pick<SigningKeyService, 'overview' | 'publishNext'>
  keyRings: Pick<KeyRingService, 'status'>
  /** How far rows are rewritten under the keys that write. */
  progress(): Promise<{ table: string; rowsSeen: number; rowsTotal: number; finishedAt: Date | null }[]>
}

/** Signing keys with their stages, and the rings that protect values and cookies. */
export function keyPages({ signingKeys, keyRings, progress }: KeyRoom, approvals: ApprovalService): ConsoleRoute[] {
  async function showAll(visit: Visit, locals: object = {}, status = 200): Promise<void> {
    const [signing, rings, tables] = await Promise.all([signingKeys.overview(), keyRings.status(), progress()])
    const waiting = (await approvals.open()).filter(({ act }) => act === 'signing-key.retire')
    const asked = new Set(waiting.map(({ subject }) => subject))
    const model = {
      signing: signing.map((key) => ({ ...key, asked: asked.has(key.kid) })),
      ...{ rings, tables, writes: visit.may('keys:write') },
    }
    await visit.show('keys/list', { ...locals, model }, status)
  }
  return [
    { method: 'get', path: '/keys', right: 'keys:read', handle: (visit) => showAll(visit) },
    {
      method: 'post',
      path: '/keys/signing/next',
      right: 'keys:write',
      fresh: true,
      async handle(visit) {
        const published = await signingKeys.publishNext(visit.actor)
        visit.goTo('/keys', published.length > 0 ? 'next-published' : 'next-there')
      },
    },
    {
      method: 'post',
      path: '/keys/signing/:kid/retire',
      right: 'keys:write',
      fresh: true,
      async handle(visit) {
        const key = (await signingKeys.overview()).find(({ kid }) => kid === visit.params.kid)
        if (!key) return await visit.show('gone', { model: { kind: 'key', back: '/admin/keys' } }, 404)
        const reason = readReason(visit.form)
        if (!reason.ok)
          return await showAll(visit, { errors: { reason: { key: reason.key } }, values: visit.form }, 422)
        const given = { act: 'signing-key.retire' as const, subject: key.kid, reason: reason.value }
        visit.goTo('/approvals', (await approvals.ask(given, visit.actor)) ? 'asked' : 'asked-before')
      },
    },
  ]
}
