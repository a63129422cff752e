import type { PageLocals } from '../../http/views/render.ts'
import type { StaffPasskeySignIn } from '../../services/staff/passkey-sign-in.ts'
import type { PasskeyRefusal, StaffPasskeyService } from '../../services/staff/passkeys.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'

type Deps = { passkeys: StaffPasskeyService; passkeySignIn: StaffPasskeySignIn }

const room = '/my-sign-in'

/** Field and text of each refusal. */
const errorsOf = ({ reason }: PasskeyRefusal): PageLocals['errors'] => ({
  [reason === 'missing' || reason === 'unreadable' ? 'name' : 'passkey']: { key: `console.passkey.not.${reason}` },
})

/** The ways in of who is signed in: password with code, and passkeys. A browser asks for options where it has a passkey made or used. */
export function mySignInPages({ passkeys, passkeySignIn }: Deps): ConsoleRoute[] {
  const showNew = (visit: Visit, errors: PageLocals['errors'] = {}, status = 200) =>
    visit.show('my-sign-in/new', { errors, values: { name: visit.form.name ?? '' } }, status)
  /** Leads on for one passkey of the person; the page of what is gone for any other. */
  const own =
    (handle: (visit: Visit, passkey: { id: string; name: string }) => Promise<void>) => async (visit: Visit) => {
      const found = (await passkeys.of(visit.signedIn.staff.id)).find(({ id }) => id === visit.params.id)
      if (found) return await handle(visit, found)
      await visit.show('gone', { model: { kind: 'passkey', back: `/admin${room}` } }, 404)
    }
  const signedIn = { right: 'signed-in' } as const
  return [
    {
      ...{ ...signedIn, method: 'get', path: room },
      async handle(visit) {
        const { staff } = visit.signedIn
        await visit.show('my-sign-in/list', { model: { staff, passkeys: await passkeys.of(staff.id) } })
      },
    },
    { ...signedIn, method: 'get', path: `${room}/new`, fresh: true, handle: (visit) => showNew(visit) },
    {
      ...{ ...signedIn, method: 'post', path: `${room}/new`, fresh: true },
      async handle(visit) {
        const { name = '', passkey: posted } = visit.form
        // Comes from the page that asked for the second factor, which is not the form itself.
        if (posted === undefined) return await showNew(visit)
        const done =
          posted === ''
            ? await passkeys.offer(visit.signedIn, name)
            : await passkeys.add(visit.signedIn, { name, posted })
        if (done === 'added') return visit.goTo(room, 'passkey-added')
        await showNew(visit, 'reason' in done ? errorsOf(done) : {}, 'reason' in done ? 422 : 200)
      },
    },
    {
      ...{ ...signedIn, method: 'post', path: `${room}/options`, fresh: true },
      async handle(visit) {
        const offered = await passkeys.offer(visit.signedIn, visit.form.name ?? '')
        if ('reason' in offered) return await showNew(visit, errorsOf(offered), 422)
        visit.ctx.body = offered.options
      },
    },
    {
      ...{ ...signedIn, method: 'post', path: `${room}/proof-options` },
      async handle({ ctx, signedIn: who }) {
        ctx.body = await passkeySignIn.offerAgain(who)
      },
    },
    {
      ...{ ...signedIn, method: 'get', path: `${room}/:id` },
      handle: own((visit, passkey) => visit.show('my-sign-in/remove', { model: { passkey } })),
    },
    {
      ...{ ...signedIn, method: 'post', path: `${room}/:id`, fresh: true },
      handle: own(async (visit, { id }) => {
        await passkeys.remove(visit.signedIn, id)
        visit.goTo(room, 'passkey-removed')
      }),
    },
  ]
}
