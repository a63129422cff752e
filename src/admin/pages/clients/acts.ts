import { mayBeRemoved } from '../../../domain/clients/client.ts'
import type { ApprovalService } from '../../../services/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../../visit.ts'
import { readReason } from '../reason.ts'
import { type ClientRoom, isBeyond, type ShowOne } from './room.ts'

/** What is done with one application: suspended, lifted, removed, made the insurer's own, given secrets. */
export function clientActPages({ clients }: ClientRoom, approvals: ApprovalService, showOne: ShowOne): ConsoleRoute[] {
  const idOf = ({ params }: Visit) => params.clientId ?? ''
  const pathOf = (visit: Visit) => `/clients/${encodeURIComponent(idOf(visit))}`
  const refuse = (visit: Visit, field: string, key: string) =>
    showOne(visit, { errors: { [field]: { key } }, values: visit.form, model: { act: visit.form.act } }, 422)

  /** Reads why, or shows the page again. */
  async function why(visit: Visit): Promise<string | undefined> {
    const reason = readReason(visit.form)
    if (reason.ok) return reason.value
    await refuse(visit, 'reason', reason.key)
    return undefined
  }
  const ask =
    (act: 'client.remove' | 'client.first-party') =>
    async (visit: Visit): Promise<void> => {
      const found = await clients.find(idOf(visit))
      const allowed = found && (act === 'client.remove' ? mayBeRemoved(found) : !found.managedBy)
      if (!allowed) return await showOne(visit, {}, found ? 422 : 404)
      const reason = await why(visit)
      if (reason === undefined) return
      const { clientId: subject, name } = found.client
      const asked = await approvals.ask({ act, subject, reason, details: { name } }, visit.actor)
      visit.goTo('/approvals', asked ? 'asked' : 'asked-before')
    }
  const act = (path: string, handle: ConsoleRoute['handle']): ConsoleRoute => ({
    ...{ method: 'post', path: `/clients/:clientId/${path}`, right: 'clients:write', fresh: true, handle },
  })
  /** A secret of a service that may more than this person would be the way to it. */
  async function holdsMore(visit: Visit): Promise<boolean> {
    const found = await clients.find(idOf(visit))
    return found !== null && isBeyond(visit, found.client)
  }
  return [
    act('suspend', async (visit) => {
      const reason = await why(visit)
      if (reason === undefined) return
      await clients.suspend(idOf(visit), { actor: visit.actor, reason })
      visit.goTo(pathOf(visit), 'client-suspended')
    }),
    act('lift', async (visit) => {
      await clients.lift(idOf(visit), visit.actor)
      visit.goTo(pathOf(visit), 'client-lifted')
    }),
    act('activate', async (visit) => {
      const found = await clients.find(idOf(visit))
      if (!found || found.managedBy) return await showOne(visit, {}, found ? 422 : 404)
      if (isBeyond(visit, found.client)) return await refuse(visit, 'secret', 'console.clients.wrong.beyond')
      const done = await clients.change({ ...found.client, draft: false }, visit.actor, found.changedAt)
      if ('reason' in done) return await showOne(visit, {}, 409)
      visit.goTo(pathOf(visit), 'client-activated')
    }),
    act('remove', ask('client.remove')),
    act('first-party', ask('client.first-party')),
    act('secrets', async (visit) => {
      if (await holdsMore(visit)) return await refuse(visit, 'name', 'console.clients.wrong.beyond')
      const { name = '', days = '' } = visit.form
      const wanted = { name, days: days.trim() === '' ? null : Number(days) }
      const made = await clients.secrets.add(idOf(visit), wanted, visit.actor)
      if (!('reason' in made)) return await showOne(visit, { model: { made } })
      const field = made.reason === 'days' ? 'days' : 'name'
      await refuse(visit, field, `console.clients.secretRefused.${made.reason}`)
    }),
    act('secrets/:secretId/revoke', async (visit) => {
      const done = await clients.secrets.revoke(idOf(visit), visit.params.secretId ?? '', visit.actor)
      if (done === 'revoked') return visit.goTo(pathOf(visit), 'secret-revoked')
      await refuse(visit, 'secret', `console.clients.secretRefused.${done.reason}`)
    }),
  ]
}
