import { randomUUID } from 'node:crypto'
import type { Actor } from '../../audit/event.ts'
import type { PasswordHasher } from '../../crypto/password-hasher.ts'
import type { Random } from '../../crypto/random.ts'
import { parseEmail } from '../../domain/input/email-address.ts'
import { checkPassword } from '../../domain/secrets/password-policy.ts'
import type { Role } from '../../domain/staff/rights.ts'
import { Abandon } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Staff } from '../../stores/staff/staff.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import { isTotpSecret, totpSecretOf, totpStep } from './totp.ts'

/** Hours for which the link of an invitation is good. */
export const invitationHours = 24

export type StaffRefusal = {
  reason:
    | 'unknown'
    | 'email_format'
    | 'email_taken'
    | 'deactivated'
    | 'same_role'
    | 'last_owner'
    | 'owner_takes_two'
    | 'yourself'
}

type Settings = {
  stores: Pick<Stores, 'staff'>
  transaction: Transaction
  clock: Clock
  /** Real time, by which authenticator apps go. */
  protocolClock: Clock
  random: Random
  hasher: Pick<PasswordHasher, 'hash'>
  isCommonPassword(password: string): boolean
  /** Address of the console without a path. */
  consoleUrl: string
}

export type StaffService = ReturnType<typeof createStaffService>

/** Creates what is done with the accounts of staff; every change ends the sessions that it concerns. */
export function createStaffService(settings: Settings) {
  const { stores, transaction, clock, random, hasher, isCommonPassword, consoleUrl, protocolClock } = settings
  const linkOf = (token: string) => new URL(`/admin/join/${token}`, consoleUrl).href
  /** Issues a link and sends it to the person's address. */
  async function sendLink(
    unit: UnitOfWork,
    staff: Pick<Staff, 'id' | 'email' | 'language'>,
    template: 'staffInvitation' | 'staffFactorReset',
  ) {
    const now = clock.now()
    const link = linkOf(await issueLink(unit, staff.id))
    const payload = { template, to: staff.email, language: staff.language, params: { link } }
    await unit.send({ kind: 'email', payload, order: `staff:${staff.id}` }, now)
    return link
  }
  async function issueLink(unit: UnitOfWork, staffId: string): Promise<string> {
    const token = random.token()
    await unit.staff.issueLink(token, staffId, new Date(clock.now().getTime() + invitationHours * 3_600_000))
    return token
  }
  return {
    list: () => stores.staff.all(),
    find: (id: string) => stores.staff.find(id),
    findByEmail: async (typed: string) => {
      const email = readEmail(typed)
      return email === null ? null : await stores.staff.findByEmail(email)
    },
    /**
     * Invites somebody, who sets password and second factor by the link, which is mailed and given back. Owners are made by two (only
     * the first one is invited); whoever has not joined may be invited again.
     */
    invite(
      typed: string,
      role: Role,
      { actor, language = 'de' }: { actor: Actor; language?: string },
    ): Promise<{ staff: Staff; link: string } | StaffRefusal> {
      const email = readEmail(typed)
      if (email === null) return Promise.resolve({ reason: 'email_format' })
      return refusing(
        transaction(async (unit) => {
          await unit.staff.lock()
          const now = clock.now()
          const known = await unit.staff.findByEmail(email)
          if (known?.deactivatedAt) throw refuse('deactivated')
          if (known?.joinedAt) throw refuse('email_taken')
          if (role === 'owner' && (await unit.staff.countOwners()) > 0) throw refuse('owner_takes_two')
          const id = known?.id ?? randomUUID()
          if (known && known.role !== role) await unit.staff.changeRole(id, known.role, role)
          if (!known) await unit.staff.add({ id, email, role, language, invitedBy: actor, invitedAt: now })
          await unit.audit.staffInvited({ at: now, actor, staffId: id, role })
          const link = await sendLink(unit, { id, email, language: known?.language ?? language }, 'staffInvitation')
          return { staff: (await unit.staff.find(id)) as Staff, link }
        }),
      )
    },
    /** Who joins by a link, while it is good; `totpSecret` is a proposal for the second factor. */
    async lookAtLink(token: string): Promise<{ staff: Staff; totpSecret: string } | null> {
      const id = await stores.staff.ofLink(token, clock.now())
      const staff = id && (await stores.staff.find(id))
      if (!staff || staff.deactivatedAt) return null
      return { staff, totpSecret: totpSecretOf(random.bytes(20)) }
    },
    /** Sets password and second factor; the link is used up. */
    async join(token: string, given: { password: string; totpSecret: string; code: string }): Promise<JoinOutcome> {
      const now = clock.now()
      const id = await stores.staff.ofLink(token, now)
      const staff = id && (await stores.staff.find(id))
      if (!staff || staff.deactivatedAt) return { outcome: 'link_over' }
      const password = checkPassword(given.password, { email: staff.email }, isCommonPassword)
      if (!password.ok) return { outcome: 'password', reason: password.reason }
      const step = isTotpSecret(given.totpSecret) ? totpStep(given.totpSecret, given.code, protocolClock.now()) : null
      if (step === null) return { outcome: 'code' }
      const passwordHash = await hasher.hash(password.value)
      return await transaction(async (unit) => {
        if ((await unit.staff.useLink(token, now)) !== staff.id) return { outcome: 'link_over' as const }
        const again = staff.lastSignInAt !== null
        if (!(await unit.staff.join(staff.id, { passwordHash, totpSecret: given.totpSecret }, now)))
          return { outcome: 'link_over' as const }
        // The code that proved the app signs nobody in.
        await unit.staff.takeTotpStep(staff.id, step)
        await unit.staffSessions.endAll(staff.id, now)
        await unit.audit.staffJoined({ at: now, actor: `staff:${staff.id}`, staffId: staff.id, again })
        return { outcome: 'joined' as const, staff }
      })
    },
    /** Gives another role, but that of owner, which takes two. */
    changeRole: (id: string, to: Role, actor: Actor): Promise<'changed' | StaffRefusal> =>
      refusing(
        transaction(async (unit) => {
          if (to === 'owner') throw refuse('owner_takes_two')
          await moveRole(unit, id, to, actor)
          return 'changed' as const
        }),
      ),
    /** The part of an approved act: somebody becomes owner. */
    makeOwner: (unit: UnitOfWork, id: string, actor: Actor) => moveRole(unit, id, 'owner', actor),
    deactivate: (id: string, actor: Actor): Promise<'deactivated' | StaffRefusal> =>
      refusing(
        transaction(async (unit) => {
          await unit.staff.lock()
          const staff = await unit.staff.find(id)
          if (!staff) throw refuse('unknown')
          if (actor === `staff:${id}`) throw refuse('yourself')
          if (staff.role === 'owner' && staff.joinedAt && (await unit.staff.countOwners()) === 1)
            throw refuse('last_owner')
          const at = clock.now()
          if (!(await unit.staff.deactivate(id, at))) throw refuse('deactivated')
          await unit.staffPasskeys.removeAll(id)
          await unit.staffSessions.endAll(id, at)
          await unit.audit.staffDeactivated({ at, actor, staffId: id })
          return 'deactivated' as const
        }),
      ),
    /** The part of an approved act: second factor and passkeys are gone, a link to set password and factor anew is mailed. */
    async resetFactors(unit: UnitOfWork, id: string, actor: Actor): Promise<void> {
      await unit.staff.lock()
      const staff = await unit.staff.find(id)
      if (!staff) throw refuse('unknown')
      if (!(await unit.staff.resetFactors(id))) throw refuse('deactivated')
      const at = clock.now()
      await unit.staffPasskeys.removeAll(id)
      await unit.staffSessions.endAll(id, at)
      await unit.audit.staffFactorReset({ at, actor, staffId: id })
      await sendLink(unit, staff, 'staffFactorReset')
    },
  }
  async function moveRole(unit: UnitOfWork, id: string, to: Role, actor: Actor): Promise<void> {
    await unit.staff.lock()
    const staff = await unit.staff.find(id)
    if (!staff) throw refuse('unknown')
    if (staff.role === to) throw refuse('same_role')
    if (staff.role === 'owner' && staff.joinedAt && (await unit.staff.countOwners()) === 1) throw refuse('last_owner')
    if (!(await unit.staff.changeRole(id, staff.role, to))) throw refuse('deactivated')
    const at = clock.now()
    // What a page showed under the other role is seen no more.
    await unit.staffSessions.endAll(id, at)
    await unit.audit.staffRoleChanged({ at, actor, staffId: id, from: staff.role, to })
  }
}

export type JoinOutcome =
  | { outcome: 'joined'; staff: Staff }
  | { outcome: 'link_over' | 'code' }
  | { outcome: 'password'; reason: string }

const refuse = (reason: StaffRefusal['reason']) => new Abandon<StaffRefusal>({ reason })

/** A refusal undoes its transaction and is its answer. */
async function refusing<T>(work: Promise<T>): Promise<T | StaffRefusal> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof Abandon) return thrown.value as StaffRefusal
    throw thrown
  }
}

/** Addresses of staff are compared without case: they are the company's own. */
function readEmail(typed: string): string | null {
  const read = parseEmail(typed)
  return read.ok ? read.value.toLowerCase() : null
}
