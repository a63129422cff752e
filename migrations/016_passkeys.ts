import type { Knex } from 'knex'

/** Passkeys of staff, and the challenges that they answer. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table passkey_challenges, staff_passkeys')
}

const schema = `
create table staff_passkeys (
  id uuid primary key,
  staff_id uuid not null constraint staff_passkeys_staff references staff on delete cascade,
  name text not null,
  credential_id text not null constraint staff_passkeys_credential unique,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null,
  synced boolean not null,
  added_at timestamptz not null,
  last_used_at timestamptz
);
comment on column staff_passkeys.name is 'encrypted: people name their devices after themselves';
comment on column staff_passkeys.credential_id is 'base64url, made by the authenticator';
comment on column staff_passkeys.public_key is 'COSE (WebAuthn 3, 6.5.1.1)';
comment on column staff_passkeys.counter is 'of the last proof; 0: the authenticator does not count';
comment on column staff_passkeys.synced is 'whether it may be copied to other devices of the person (WebAuthn 3, "backup eligible")';
create index staff_passkeys_staff on staff_passkeys (staff_id);

create table passkey_challenges (
  challenge_hash text primary key,
  purpose text not null,
  bound_hash text not null,
  expires_at timestamptz not null
);
comment on table passkey_challenges is 'what a passkey is asked to sign; the row goes with the first answer';
comment on column passkey_challenges.bound_hash is 'of the session that was asked, or of the random id in the cookie of a browser that is about to sign in';
create index passkey_challenges_old on passkey_challenges (expires_at);
`
