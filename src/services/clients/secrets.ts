import { randomUUID } from 'node:crypto'
import type { Actor } from '../../audit/event.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { Random } from '../../crypto/random.ts'
import { type RegisteredClient, usesSecret } from '../../domain/clients/client.ts'
import { longestSecretDays, reminderDays, secretNamePattern } from '../../domain/clients/secrets.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'

/**
 * `uses_none`: the client proves itself otherwise; `brought_along`: whoever registers it brings its secrets; `two_valid`: one has to end
 * before another is made; `no_secret`: the client has no such secret in force; `name`, `days`: malformed.
 */
export type SecretRefusal = {
  reason: 'unknown' | 'uses_none' | 'brought_along' | 'two_valid' | 'no_secret' | 'name' | 'days'
}

/** What is wanted of a secret; `days` after which it is refused, null: it does not end by itself; no name: the day. */
export type WantedSecret = { name?: string | undefined; days?: number | null | undefined }

type Settings = {
  stores: Pick<Stores, 'clients' | 'clientSecrets'>
  transaction: Transaction
  clock: Clock
  random: Pick<Random, 'bytes'>
  /** Milliseconds of a clock that only goes forward. */
  ticks(): number
  log: { warn(fields: object, message: string): void }
}

export type ClientSecretService = ReturnType<typeof createClientSecretService>

/** Milliseconds within which a process notes the use of a secret once. */
const noteEvery = 3_600_000
/** Secrets whose last use a process remembers. */
const mostNoted = 10_000
/** Reminders of one transaction. */
const batch = 100

/** Creates what is done with the secrets of clients; every change takes effect within five seconds, in every process. */
export function createClientSecretService({ stores, transaction, clock, random, ticks, log }: Settings) {
  const noted = new Map<string, number>()
  return {
    /** All secrets that a client has had, without the secrets. */
    list: stores.clientSecrets.all,
    /** Makes a secret, which is known to the caller alone; the one before stays valid until `revoke`. */
    async add(
      clientId: string,
      { name, days = null }: WantedSecret,
      actor: Actor,
    ): Promise<{ id: string; secret: string; expiresAt: Date | null } | SecretRefusal> {
      const now = clock.now()
      const called = name?.trim() || now.toISOString().slice(0, 10)
      if (!secretNamePattern.test(called)) return { reason: 'name' }
      if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= longestSecretDays))
        return { reason: 'days' }
      // Hexadecimal: nothing in it is encoded on its way through Basic (RFC 6749 § 2.3.1).
      const secret = Buffer.from(random.bytes(32)).toString('hex')
      const expiresAt = days === null ? null : new Date(now.getTime() + days * 86_400_000)
      const id = randomUUID()
      return await transaction(async (unit) => {
        const refused = refusal(await unit.clients.hold(clientId))
        if (refused) return refused
        const row = { id, clientId, name: called, hash: hashToken(secret), createdBy: actor, expiresAt }
        if (!(await unit.clientSecrets.add(row, now))) return { reason: 'two_valid' as const }
        const expires = expiresAt?.toISOString() ?? null
        await unit.audit.clientSecretAdded({ at: now, actor, clientId, secretId: id, expiresAt: expires })
        return { id, secret, expiresAt }
      })
    },
    /** Ends a secret at once. */
    revoke: (clientId: string, secretId: string, actor: Actor): Promise<'revoked' | SecretRefusal> =>
      transaction(async (unit) => {
        const refused = refusal(await unit.clients.hold(clientId))
        if (refused) return refused
        const at = clock.now()
        if (!(await unit.clientSecrets.end(clientId, secretId, at))) return { reason: 'no_secret' as const }
        await unit.audit.clientSecretEnded({ at, actor, clientId, secretId })
        return 'revoked' as const
      }),
    /** Notes that a secret was shown, once an hour and process at most; nobody waits for it, and a fault costs the note alone. */
    used(secretId: string): void {
      const now = ticks()
      if ((noted.get(secretId) ?? Number.NEGATIVE_INFINITY) > now - noteEvery) return
      if (noted.size >= mostNoted) noted.clear()
      noted.set(secretId, now)
      stores.clientSecrets.noteUse(secretId, clock.now()).catch((error: unknown) => {
        noted.delete(secretId)
        log.warn({ error }, 'use of a secret not noted')
      })
    },
    /** Tells the contacts of clients whose secrets end within 30, 7 and 1 days, each once; gives the number of e-mails. */
    async remind(): Promise<number> {
      let mails = 0
      for (const days of [...reminderDays].reverse()) {
        let taken = batch
        while (taken === batch)
          taken = await transaction(async (unit) => {
            const due = await unit.clientSecrets.takeDue(days, clock.now(), batch)
            for (const secret of due) mails += await tell(unit, secret)
            return due.length
          })
      }
      return mails
    },
  }

  async function tell(
    unit: UnitOfWork,
    { id, clientId, name, expiresAt }: { id: string; clientId: string; name: string; expiresAt: Date },
  ): Promise<number> {
    const { client } = (await unit.clients.find(clientId)) ?? {}
    for (const to of client?.contacts ?? []) {
      const params = { client: client?.name ?? '', clientId, secret: name, until: expiresAt.toISOString() }
      const payload = { template: 'clientSecretExpires', to, language: 'de', params }
      await unit.send({ kind: 'email', payload, order: `client-secret:${id}` }, clock.now())
    }
    return client?.contacts.length ?? 0
  }
}

/** Why no secret of a client is made or ended here; undefined: it may. */
function refusal(found: RegisteredClient | null): SecretRefusal | undefined {
  if (!found) return { reason: 'unknown' }
  if (!usesSecret(found.client)) return { reason: 'uses_none' }
  return found.client.secretsMadeHere ? undefined : { reason: 'brought_along' }
}
