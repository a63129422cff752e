import { expect, it } from 'vitest'
import { findPasswordGenerations } from '../../../src/stores/accounts/password-generations.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

describeOnBoth('parameters of stored passwords', (database) => {
  it('are none while there is no account', async () => {
    expect(await findPasswordGenerations(database())).toEqual([])
  })

  it('are each found once', async () => {
    await fill(database())
    const expected = ['m=19456,t=2,p=1', 'm=47104,t=3,p=1', 'm=9216,t=4,p=1']
    expect((await findPasswordGenerations(database())).sort()).toEqual(expected)
  })
})

/** Registrations with three kinds of parameters. */
async function fill(db: Database): Promise<void> {
  for (const [index, parameters] of ['m=9216,t=4,p=1', 'm=19456,t=2,p=1', 'm=47104,t=3,p=1'].entries())
    await db.raw(
      `insert into accounts (id, username, password_hash, insurance_number_hash, insurance_number, insurer_number, identification, email, mobile, language, terms_version,
         state, registered_at, state_changed_at, activation_last_day)
       select gen_random_uuid(), 'u' || ? || '.' || n, '$argon2id$v=19$' || ? || '$c2FsdA$aGFzaA', 'h', 'n', '108310400', 'post', 'e', 'm', 'de', '1',
         'pending_activation', now(), now(), current_date from generate_series(1, 20) n`,
      [index, parameters],
    )
}
