import { hashToken } from '../../crypto/field-encryption.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'

/** Hours for which an answer is kept. */
const keptHours = 24

type Asked = { clientId: string; key: string }

/** `other`: the key was used with another request; `busy`: its first request is not answered yet. */
type Claim = { outcome: 'yours' | 'busy' | 'other' } | { outcome: 'answered'; answer: unknown }

export type ApiIdempotency = ReturnType<typeof createApiIdempotency>

/** Creates the memory of requests that must have one effect however often they are sent, by client and key. */
export function createApiIdempotency({ stores, clock }: { stores: Pick<Stores, 'apiRequests'>; clock: Clock }) {
  const idOf = ({ clientId, key }: Asked) => ({ clientId, key: hashToken(key) })
  return {
    /** Of many at once one is told `yours`; it has to `keep` its answer, or to `forget`. */
    async claim({ request, ...asked }: Asked & { request: string }): Promise<Claim> {
      const id = idOf(asked)
      const fingerprint = hashToken(request)
      if (await stores.apiRequests.begin(id, fingerprint, clock.now())) return { outcome: 'yours' }
      const found = await stores.apiRequests.find(id)
      if (!found) return { outcome: 'busy' }
      if (found.fingerprint !== fingerprint) return { outcome: 'other' }
      return found.answer === null ? { outcome: 'busy' } : { outcome: 'answered', answer: JSON.parse(found.answer) }
    },
    keep: (asked: Asked, answer: object): Promise<void> => stores.apiRequests.keep(idOf(asked), JSON.stringify(answer)),
    forget: (asked: Asked): Promise<void> => stores.apiRequests.forget(idOf(asked)),
    /** Deletes what is older than a day, some at a time; tells how many. */
    deleteOld: (): Promise<number> =>
      stores.apiRequests.deleteBegunBefore(new Date(clock.now().getTime() - keptHours * 3_600_000)),
  }
}
