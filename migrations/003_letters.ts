import type { Knex } from 'knex'

/** Print runs, the letters in them, and those that came back. Every registration has letter rows, whether the number is known or not. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table canary_letters, returned_letters, unlock_letters, print_run_chunks, print_runs')
}

const schema = `
create table print_runs (
  id uuid primary key,
  state text not null,
  posting_day date,
  letter_count integer not null,
  pdf text,
  prepared_at timestamptz,
  released_at timestamptz,
  handed_over_at timestamptz,
  posted_at timestamptz,
  cancelled_at timestamptz,
  collects_until timestamptz,
  closed_at timestamptz,
  prepared_by text,
  released_by text,
  posted_by text,
  cancelled_by text,
  cancel_reason text,
  sheet_count integer,
  kinds jsonb,
  files jsonb,
  worker uuid,
  busy_until timestamptz,
  deliver_after timestamptz,
  deliver_attempts integer not null default 0,
  accepted_at timestamptz,
  withdrawal text,
  hand_over_holder uuid,
  withdrawal_fault text,
  withdraw_attempts integer not null default 0,
  withdraw_after timestamptz,
  constraint print_runs_state check (state in ('collecting', 'prepared', 'released', 'posted', 'cancelled'))
);
comment on column print_runs.posting_day is 'planned when prepared; letter, e-mail and page all name it';
comment on column print_runs.pdf is 'encrypted, until posted';
comment on column print_runs.handed_over_at is 'the print shop has it; only then it can be posted';
comment on column print_runs.collects_until is 'cut-off: letters asked for later go into the next run';
comment on column print_runs.closed_at is 'the cut-off has passed and the run is being prepared';
comment on column print_runs.prepared_by is 'actor; whoever prepared a run may not release it';
comment on column print_runs.kinds is 'letters by kind';
comment on column print_runs.files is 'name, bytes and SHA-256 of each file handed over';
comment on column print_runs.worker is 'who is at work on the run; also names the chunks that it writes';
comment on column print_runs.busy_until is 'from then on another process may take the run up';
comment on column print_runs.deliver_after is 'next try of the hand-over';
comment on column print_runs.accepted_at is 'receipt of the print shop: it has the run whole';
comment on column print_runs.withdrawal is 'why the files at the print shop have to go, until they are gone';
comment on column print_runs.hand_over_holder is 'who brings the run to the print shop, while busy_until lasts';
comment on column print_runs.withdrawal_fault is 'why the last try to withdraw failed; null: none has';
comment on column print_runs.withdraw_after is 'next try to withdraw';
create unique index print_runs_one_collects on print_runs (state) where state = 'collecting' and closed_at is null;
create index print_runs_state_index on print_runs (state);

create table print_run_chunks (
  run_id uuid not null constraint print_run_chunks_run_id_foreign references print_runs on delete cascade,
  worker uuid not null,
  name text not null,
  index integer not null,
  sealed bytea not null,
  primary key (run_id, worker, name, "index")
);
comment on column print_run_chunks.sealed is 'encrypted, bound to run, file and index; until posted or cancelled';

create table unlock_letters (
  id uuid primary key,
  account_id uuid constraint unlock_letters_account_id_foreign references accounts on delete set null,
  insurance_number_hash text not null,
  requested_at timestamptz not null,
  printable_from timestamptz not null,
  printed_at timestamptz,
  state text not null,
  content text,
  print_run_id uuid constraint unlock_letters_print_run_id_foreign references print_runs on delete set null,
  code_hash text,
  code text,
  posted_on date,
  last_day date,
  reminded_at timestamptz,
  consumed_at timestamptz,
  purpose text not null default 'unlock_code',
  untold boolean not null default false,
  address_hash text,
  returned_at timestamptz,
  envelope_id uuid,
  constraint unlock_letters_state check (state in ('requested', 'prepared', 'posted', 'ended'))
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column unlock_letters.printed_at is 'when it entered a run; the letter limits count these';
comment on column unlock_letters.content is 'unlock_code, account_exists or none; decided when the run is prepared';
comment on column unlock_letters.code is 'encrypted, until posted';
comment on column unlock_letters.purpose is 'what the letter was asked for';
comment on column unlock_letters.untold is 'posted, and the member has no e-mail yet';
comment on column unlock_letters.address_hash is 'keyed hash of the address on the envelope, bound to the letter';
comment on column unlock_letters.returned_at is 'the letter came back; its code opens nothing any more';
comment on column unlock_letters.envelope_id is 'id on the paper; null: the letter went alone';
create index unlock_letters_account_id_index on unlock_letters (account_id);
create index unlock_letters_envelope on unlock_letters (coalesce(envelope_id, id));
create index unlock_letters_insurance_number_hash_printed_at_index on unlock_letters (insurance_number_hash, printed_at);
create index unlock_letters_orphaned on unlock_letters (printable_from) where account_id is null;
create index unlock_letters_print_run_id_index on unlock_letters (print_run_id);
create index unlock_letters_state_printable_from_index on unlock_letters (state, printable_from);
create index unlock_letters_state_last_day_index on unlock_letters (state, last_day);
create index unlock_letters_to_remind on unlock_letters (last_day) where state = 'posted' and reminded_at is null and account_id is not null;
create index unlock_letters_untold on unlock_letters (print_run_id) where untold;

create table returned_letters (
  letter_id uuid primary key,
  insurance_number text not null,
  insurance_number_hash text not null,
  address_hash text,
  posted_on date not null,
  returned_at timestamptz not null,
  returned_by text not null,
  cleared_at timestamptz
);
comment on column returned_letters.insurance_number is 'encrypted';
comment on column returned_letters.address_hash is 'keyed hash of the address that is blocked, bound to the letter';
comment on column returned_letters.cleared_at is 'the register has another address: letters go out again';
create index returned_letters_open on returned_letters (insurance_number_hash) where cleared_at is null;

create table canary_letters (
  id uuid primary key,
  print_run_id uuid not null constraint canary_letters_print_run_id_unique unique constraint canary_letters_print_run_id_foreign references print_runs on delete cascade,
  code text,
  code_hash text,
  posted_on date,
  entered_at timestamptz,
  entered_by text,
  alerted_at timestamptz
);
comment on column canary_letters.code is 'encrypted, until posted';
`
