import type { Knex } from 'knex'

/** People who run the service: their accounts, sessions, links, and acts that take two of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table approvals, staff_sessions, staff_links, staff')
}

const schema = `
create table staff (
  id uuid primary key,
  email text not null,
  role text not null,
  language text not null,
  password_hash text,
  totp_secret text,
  totp_step bigint,
  invited_by text not null,
  invited_at timestamptz not null,
  joined_at timestamptz,
  deactivated_at timestamptz,
  last_sign_in_at timestamptz,
  constraint staff_role check (role in ('owner', 'clients', 'support', 'letters', 'auditor'))
);
comment on column staff.email is 'encrypted';
comment on column staff.totp_secret is 'encrypted, base32 (RFC 6238); null before the invitation is taken up';
comment on column staff.totp_step is 'time step of the last code that was taken: each is good once';
comment on column staff.invited_by is 'actor, as the audit log names him';

create table staff_links (
  token_hash text primary key,
  staff_id uuid not null constraint staff_links_staff references staff on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);
comment on table staff_links is 'one-time links by which password and second factor are set';
create index staff_links_staff on staff_links (staff_id);

create table staff_sessions (
  id_hash text primary key,
  staff_id uuid not null constraint staff_sessions_staff references staff on delete cascade,
  browser_hash text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  proved_at timestamptz not null,
  ended_at timestamptz
);
comment on column staff_sessions.browser_hash is 'of the random id in the browser''s cookie: who has signed in from it keeps a lane of his own';
comment on column staff_sessions.proved_at is 'when the second factor was last shown';
create index staff_sessions_staff on staff_sessions (staff_id, browser_hash);
create index staff_sessions_old on staff_sessions (created_at);

create table approvals (
  id uuid primary key,
  act text not null,
  subject text not null,
  details jsonb not null,
  reason text not null,
  asked_by text not null,
  asked_at timestamptz not null,
  expires_at timestamptz not null,
  decision text,
  decided_by text,
  decided_at timestamptz,
  constraint approvals_decision check (decision in ('approved', 'refused', 'withdrawn')),
  constraint approvals_two_persons check (decision is distinct from 'approved' or decided_by <> asked_by)
);
comment on table approvals is 'acts that one member of staff asks for and another approves';
comment on column approvals.subject is 'id of what it is done to, never personal data';
create unique index approvals_open on approvals (act, subject) where decision is null;
create index approvals_asked on approvals (asked_at);
`
